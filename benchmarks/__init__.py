"""jobfleet, measured on one machine: the worker beside others in one run, and single things alone."""
