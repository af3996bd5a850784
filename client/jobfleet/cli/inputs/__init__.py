"""Inputs of commands: typed numbers, one file, or many."""
