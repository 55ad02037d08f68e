"""`python -m voice_skill` is `voice-skill`."""

from voice_skill.cli import main

main()
