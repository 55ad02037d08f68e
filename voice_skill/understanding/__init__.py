"""The understanding room: text in, the right entry, command or red flag out. Pure: no audio, threads, files."""
