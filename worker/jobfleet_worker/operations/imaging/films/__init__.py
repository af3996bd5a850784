"""Animations: read as viewers show them, and written so that they play the same again."""
