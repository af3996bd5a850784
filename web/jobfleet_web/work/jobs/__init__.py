"""Jobs: what was sent, what became of them, and waiting for it."""
