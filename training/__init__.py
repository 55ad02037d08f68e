"""How the bundled English model is made, from text to a Vosk folder. The skill itself never imports it."""
