"""The load generator of `jobfleet bench` beside wrk and locust, and before a server of known delays."""
