"""Uploads on their way out, each sent once however often it comes."""
