"""Speaks the training sentences with every voice there is (`stage.run`). Not for recordings of people (`people.py`)."""
