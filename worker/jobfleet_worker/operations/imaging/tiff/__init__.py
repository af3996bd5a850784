"""Reading TIFF: every layout is read as it is meant, or refused by its name."""
