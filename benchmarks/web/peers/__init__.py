"""What the web tier is held against: the same uploads, taken by less."""
