"""Certificates of the web tier, signed by an authority of the stack's own."""
