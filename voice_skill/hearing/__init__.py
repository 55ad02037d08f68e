"""The hearing room: sound in, text out. Knows nothing of the article."""
