"""Machine images of the stack's own: what is in them, the host that one is made of, which of them stay."""
