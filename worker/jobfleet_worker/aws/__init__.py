"""Calls to AWS: clients that cost little, credentials that change, and a circuit breaker before all.

Never imports jobs at work (`job`) or operations.
"""
