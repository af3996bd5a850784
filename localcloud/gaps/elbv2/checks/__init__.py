"""What AWS refuses: names, conditions and actions that cannot be."""
