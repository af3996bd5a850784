"""Image files without anything beside their pixels, format by format."""
