"""What there is to do: counts of the request queue, and what workers tell in their heartbeats."""
