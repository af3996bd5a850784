"""The web tier, measured from outside: what it takes to accept an upload, to answer it, to hold it."""
