"""What a command was given to work on: typed numbers, one file, or many."""
