"""Measures the understanding room, typed and spoken, and beside other designs: `scripts/bench understanding`."""
