"""The load balancer before groups of web hosts: what it should be, and who is behind it."""
