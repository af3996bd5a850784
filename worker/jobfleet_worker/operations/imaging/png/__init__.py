"""PNG files: what makes the picture, which Pillow decodes, and what they say beside it."""
