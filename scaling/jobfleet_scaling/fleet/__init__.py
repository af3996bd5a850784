"""The hosts of the fleet: which there are, how more are launched, and how those that leave are ended."""
