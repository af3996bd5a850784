"""What Pillow does not read right by itself, format by format."""
