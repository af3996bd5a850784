"""The web tier: a page and an HTTP API in front of a stack, for browsers and load generators.

It stands on the client's Python API (`jobfleet`), as the command line does, and never imports
`jobfleet_worker` or `jobfleet.cli`.
"""
