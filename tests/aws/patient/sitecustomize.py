"""Refused credentials are not tried again by workers that tests start with this folder on PYTHONPATH.

Then only a look at the file can bring it back. Python imports this by itself in every process.
"""

from jobfleet_worker.aws import circuit_breaker

circuit_breaker.CREDENTIALS_RETRY_SECONDS = 36_000.0
