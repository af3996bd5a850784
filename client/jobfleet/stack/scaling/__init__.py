"""A fleet that grows and shrinks by itself, as a client sees it: its state and log, and how it is woken."""
