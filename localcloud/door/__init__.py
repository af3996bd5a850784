"""The door of the cloud: each request passes it, is checked, and is written down.

Never imports hosts.
"""
