"""Jobs to simulate: from generators, and from files of arrivals."""
