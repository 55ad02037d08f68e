"""The conversation room: the only one with a memory. Pure: events in, effects out."""
