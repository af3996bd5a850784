"""What a worker says of itself: log lines, heartbeats, systemd.

Never imports jobs.
"""
