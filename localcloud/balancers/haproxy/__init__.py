"""The HAProxy that carries the requests of all load balancers: its configuration, processes and changes."""
