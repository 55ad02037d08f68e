"""An offline voice assistant that talks a person through a foot cramp."""

__version__ = "0.1.0"
