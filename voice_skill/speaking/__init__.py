"""The speaking room: sentences in, sound out. Knows nothing of the article."""
