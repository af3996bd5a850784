"""Statistics of numbers, exact to the last digit, also of more than memory holds."""
