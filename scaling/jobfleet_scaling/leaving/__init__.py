"""The agent of a host: it lets the worker drain when the host is to leave, and AWS wait until it has."""
