"""The checks before anything is made, and the rules they come from."""
