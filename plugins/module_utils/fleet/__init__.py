"""The instances: which there should be, what is done about it, what they cost."""
