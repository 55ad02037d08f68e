"""The box in a public place: its screen, its buttons, and what keeps it alive."""
