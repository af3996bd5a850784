"""The stack's bucket, as the client uses it."""

import os
import tempfile
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from botocore.exceptions import ClientError

from client.aws import Account, error_code
from client.errors import BadOutput
from jobs.lookup import find_result
from jobs.message import Output, Result
from jobs.names import RESULT_BATCHES

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

_CHUNK_BYTES = 1024 * 1024


class Results:
    """Reads results and outputs, writes inputs."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._bucket = account.settings.bucket

    @property
    def bucket(self) -> str:
        """The bucket's name; asks AWS for the account if nothing has told it."""
        if self._bucket is None:
            settings = self._account.settings
            self._bucket = settings.names.bucket(self._account.number, settings.region)
        return self._bucket

    def learn_account(self, queue_url: str) -> None:
        """Take the account's number from a queue's address, which spares asking for it."""
        number = queue_url.rstrip("/").split("/")[-2]
        if self._bucket is None and len(number) == 12 and number.isdigit():
            self._bucket = self._account.settings.names.bucket(number, self._account.settings.region)

    def find(self, job_id: str) -> Result | None:
        """Return the final result of a job, or None if there is none (yet)."""
        found = self.look(job_id)
        return found if found and found.status != "failing" else None

    def look(self, job_id: str) -> Result | None:
        """Return what is stored of a job, also of one that is failing; None if nothing is."""
        return find_result(job_id, self._read, self._batches_after)

    def _read(self, key: str) -> str | None:
        try:
            answer = self._account.s3.get_object(Bucket=self.bucket, Key=key)
        except ClientError as problem:
            if error_code(problem) == "NoSuchKey":
                return None
            raise
        with closing(answer["Body"]) as body:
            return body.read().decode()

    def _batches_after(self, key: str) -> list[str]:
        answer = self._account.s3.list_objects_v2(Bucket=self.bucket, Prefix=RESULT_BATCHES, StartAfter=key)
        return [item["Key"] for item in answer.get("Contents", [])]

    def _get(self, output: Output) -> "GetObjectOutputTypeDef":
        condition: dict[str, Any] = {"IfMatch": output.etag} if output.etag else {}
        try:
            return self._account.s3.get_object(Bucket=output.bucket, Key=output.key, **condition)
        except ClientError as problem:
            if error_code(problem) != "PreconditionFailed":
                raise
            raise BadOutput(
                f"{output.key} in the bucket is another job's output by now, which was given the same name; "
                "send the job again with another --name, or without one"
            ) from problem

    def upload(self, source: BinaryIO, key: str) -> None:
        """Put an input into the bucket, in parts where it is large."""
        self._account.s3.upload_fileobj(source, self.bucket, key)

    def download(self, output: Output, path: Path) -> None:
        """Write an output to `path`, whole or not at all.

        Raises `BadOutput`, also if it is another job's by now.
        """
        answer = self._get(output)
        try:
            with (
                closing(answer["Body"]) as body,
                tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file,
            ):
                try:
                    for chunk in body.iter_chunks(_CHUNK_BYTES):
                        file.write(chunk)
                    file.close()
                    _as_any_new_file(file.name)
                    Path(file.name).replace(path)
                except BaseException:
                    Path(file.name).unlink(missing_ok=True)
                    raise
        except OSError as problem:
            raise BadOutput(f"{path} cannot be written: {problem.strerror or problem}") from problem


def _as_any_new_file(path: str) -> None:
    """Give a temporary file the mode that this user's new files have."""
    mask = os.umask(0)
    os.umask(mask)
    Path(path).chmod(0o666 & ~mask)
