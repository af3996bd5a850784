"""What jobfleet's worker can do, measured beside others on one machine in one run."""
