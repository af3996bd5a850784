"""Policies that scale a fleet, compared in the simulator."""
