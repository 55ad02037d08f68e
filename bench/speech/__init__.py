"""Measures a speech model on wording and voices that it was not made with: `scripts/bench speech`.

Sentences and clips lie here and are used for nothing else: no training, no tuning, no tests of the product. Not for
the understanding of typed text, the cost of the program or its latency (the other modules of `bench`).
"""
