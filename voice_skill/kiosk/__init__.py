"""The kiosk room: a page and buttons beside the voice, and what keeps a box in a public place alive. Not the talk."""
