"""What is known of single formats that Pillow alone does not read as it should, or does not read."""
