"""What every request meets first: token, host, origin, limits, headers, problems as answers, the log."""
