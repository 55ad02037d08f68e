"""How the bundled English model is made, from text to a Vosk folder. For those who train; the skill never imports it."""
