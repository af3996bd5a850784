"""The stack's way of scaling, read anew when it has changed."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import NO_SUCH_KEY, error_code
from jobfleet_jobs.protocol.names import SCALING_CONFIGURATION_KEY

from jobfleet_scaling.aws.bodies import content_of
from jobfleet_scaling.documents.configuration import ScalingConfiguration

_UNCHANGED = "304"


class ConfigurationReader:
    """Reads `config/scaling.json`. `s3` returns a client."""

    def __init__(self, s3: Callable[[], Any], bucket: str) -> None:
        self._s3, self._bucket = s3, bucket
        self._etag, self._found = "", None  # type: str, ScalingConfiguration | None

    def read(self) -> ScalingConfiguration | None:
        """Return it; None where the stack does not scale. Raises `DamagedConfiguration` and AWS's errors."""
        condition = {"IfNoneMatch": self._etag} if self._etag else {}
        try:
            answer = self._s3().get_object(Bucket=self._bucket, Key=SCALING_CONFIGURATION_KEY, **condition)
        except ClientError as problem:
            if error_code(problem) == _UNCHANGED:
                return self._found
            if error_code(problem) != NO_SUCH_KEY:
                raise
            self._etag, self._found = "", None
            return None
        # A damaged one is not remembered, so the next call reads and tells it again.
        found = ScalingConfiguration.read(content_of(answer))
        self._etag, self._found = answer["ETag"], found
        return found
