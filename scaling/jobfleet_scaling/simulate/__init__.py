"""The simulator: policies, the one that ships among them, in a world of simulated hosts and jobs."""
