"""Fits the matcher's weights, and makes what the fit needs. Development only: never imported by voice_skill."""
