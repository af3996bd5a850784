"""The worker's reports: log lines, heartbeats, systemd.

Never imports jobs.
"""
