"""The metadata service of an instance, version 2: who this host is, and whether AWS is about to take it.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

import os
import urllib.error
import urllib.request

_USUAL = "http://169.254.169.254/"
_TOKEN_SECONDS = 21_600
_TIMEOUT_SECONDS = 2.0

# What may stand in the answer; nothing that is asked for is longer.
_ANSWER_MAX_BYTES = 4_096


class Metadata:
    """Asks the service of this host; the token is kept as long as it is taken."""

    def __init__(self, endpoint: str | None = None) -> None:
        """`endpoint` is where the service is; the SDKs' own variable and AWS's address otherwise."""
        found = endpoint or os.environ.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _USUAL
        self._endpoint = found.rstrip("/")
        self._token = ""
        # Never through a proxy, which would ask for its own host.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def read(self, path: str) -> str | None:
        """Return what lies under `path` of /latest/meta-data; None where nothing does, or nobody answers."""
        for _ in range(2):
            try:
                self._token = self._token or self._ask("PUT", "/latest/api/token")
                return self._ask("GET", f"/latest/meta-data/{path}")
            except urllib.error.HTTPError as problem:
                problem.close()
                if problem.code != 401:
                    return None
                self._token = ""  # it is over: a new one is asked for
            except (OSError, ValueError):
                return None
        return None

    def instance_id(self) -> str | None:
        """Return this instance's id; None where there is no such service."""
        return self.read("instance-id")

    def _ask(self, method: str, path: str) -> str:
        headers = (
            {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
            if method == "PUT"
            else {"X-aws-ec2-metadata-token": self._token}
        )
        request = urllib.request.Request(self._endpoint + path, method=method, headers=headers)  # noqa: S310
        with self._opener.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            return str(answer.read(_ANSWER_MAX_BYTES).decode())
