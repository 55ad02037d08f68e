"""The article room: typed content, loaded once, immutable. Knows nothing of speech, audio or dialogue."""
