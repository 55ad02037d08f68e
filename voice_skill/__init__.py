"""An offline voice assistant that talks a person through a foot cramp."""

import os

# Before numpy is imported anywhere: its matrices are small here. A second thread gains a little on an idle machine, and
# on a busy one the two wait for each other: understanding a sentence then took 250 ms instead of 20.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
