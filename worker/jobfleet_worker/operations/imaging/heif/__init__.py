"""HEIC and AVIF: what a file says of its pictures, a file without the rest, and how one is written."""
