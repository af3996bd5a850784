"""Batches: what belongs to one, what changes in it, and all its outputs as one file."""
