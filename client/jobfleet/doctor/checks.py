"""The tests of `jobfleet doctor`, a method for each link of the chain."""

import time
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, NoCredentialsError
from jobfleet_jobs.credentials import clock_skew
from jobfleet_jobs.durations import duration
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, error_code
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.names import upload_key
from jobfleet_jobs.version import __version__

from jobfleet.aws import credentials_source, stack_description
from jobfleet.aws.account import Account
from jobfleet.aws.bucket import Bucket
from jobfleet.aws.identity import find_identity
from jobfleet.aws.stack_description import Published
from jobfleet.doctor import scaling_link
from jobfleet.doctor.configuration import endpoint_of
from jobfleet.errors import (
    BadInput,
    Exit,
    FleetError,
    JobFailed,
    NoAnswerInTime,
    NotAllowed,
    NotDeployed,
    Unreachable,
)
from jobfleet.fleet import Fleet
from jobfleet.human_text import many, size
from jobfleet.queues import queue_counts
from jobfleet.settings import settings
from jobfleet.settings.settings import Settings
from jobfleet.settings.variables_file import Variables
from jobfleet.stack import workers
from jobfleet.stack.scaling.view import ScalingView, read_scaling, why_none_is_alive
from jobfleet.stack.silence import credential_doubts, of_silence, why_nobody_answers
from jobfleet.stack.workers import DEPLOY

if TYPE_CHECKING:
    from mypy_boto3_sts.type_defs import GetCallerIdentityResponseTypeDef

# Signatures are good for five minutes either way; who is a minute off will be five off one day.
SKEW_TOLD_SECONDS = 60


class Note(Exception):
    """The link holds, and there is something to know."""


class Unneeded(Exception):
    """The link is not tested, for a reason."""


class NoWorker(FleetError):
    """No worker is alive."""

    exit = Exit.NO_ANSWER


class Examination:
    """Each test returns what it found. Raises `Note`, `Unneeded`, and any error where it is broken.

    `write` says whether anything may be written. Tests are called in order, as each needs what the
    ones before it found. Close it at the end.
    """

    def __init__(self, given: dict[str, str | None], timeout: float, *, write: bool) -> None:
        self._given, self._timeout, self._write = given, timeout, write
        self._settings: Settings
        self._account: Account
        self._caller: GetCallerIdentityResponseTypeDef
        self._refusal: ClientError | None = None
        self._fleet: Fleet | None = None
        self._published: Published | None = None
        self._scaling: ScalingView | None = None

    def close(self) -> None:
        """Take away the reply queue, if one was made."""
        if self._fleet:
            self._fleet.close()

    def in_words(self) -> AbstractContextManager[None]:
        """Turn AWS's errors inside into the client's own, once it is known whose account is meant."""
        return self._account.in_words() if "_account" in vars(self) else nullcontext()

    def variables_file(self) -> str:
        """The file is there and can be read; none at all will do too."""
        file = Variables(self._given["vars_file"])
        if file.path is None:
            raise Unneeded(f"{file.what_it_lacks('stack_name')}; you need none if stack and region are given")
        file.value("stack_name")
        return str(file.path)

    def known(self) -> str:
        """Stack and region are known."""
        self._settings = found = settings.find_settings(**self._given)
        self._account = Account(found)
        stack_from, region_from = (found.sources.get(name) for name in ("stack", "region"))
        return f"stack {found.stack} (from {stack_from}) in region {found.region} (from {region_from})"

    def credentials(self) -> str:
        """There are credentials."""
        mine = credentials_source.find_keys(self._settings.profile)
        if mine is None:
            raise NoCredentialsError
        return f"{mine}, from {mine.source}"

    def reached(self) -> str:
        """AWS answers at all, whatever it says."""
        try:
            self._caller = self._account.identity
            self._account.ensure_alive()
        except ClientError as problem:
            self._refusal = problem
            if isinstance(self._account.sentences.of(problem), Unreachable):
                raise
        answer = self._refusal.response if self._refusal else self._caller
        where = endpoint_of(self._settings)
        ahead = clock_skew.seconds_ahead(answer)
        if ahead is not None and abs(ahead) > SKEW_TOLD_SECONDS and not self._refusal:
            skewed = clock_skew.words(ahead)
            raise Note(f"{where}; but {skewed}, and from 5 min on AWS refuses calls: {clock_skew.MEND}")
        return where

    def accepted(self) -> str:
        """AWS takes the credentials."""
        if self._refusal:
            raise self._refusal
        return f"account {self._caller['Account']}, as {self._caller['Arn']}"

    def deployed(self) -> str:
        """The queues are there."""
        try:
            with self._account.in_words():
                found = queue_counts.count_queues(self._account)
        except NotAllowed as problem:
            raise NotAllowed(
                f"{problem}. A Learner Lab allows us-east-1 and us-west-2 only, and answers so in others"
            ) from problem
        waiting = next(queue for queue in found if queue.kind == queue_counts.REQUESTS)
        return f"{many(len(found), 'queue')}; {many(waiting.untaken, 'request')} in line"

    def bucket_read(self) -> str:
        """The bucket is there, ours, and can be read."""
        name = self._bucket
        try:
            self._account.s3.head_bucket(Bucket=name, ExpectedBucketOwner=self._caller["Account"])
        except ClientError as problem:
            if about := self._about_bucket(error_code(problem), name):
                raise about from problem
            raise
        self._account.s3.list_objects_v2(Bucket=name, Prefix="config/", MaxKeys=1)
        self._published = stack_description.read_description(self._account, name)
        if self._published is None:
            return f"{name}; the stack publishes no description, so its limits are not known"
        most = self._published.limits.get("max_input_bytes")
        return f"{name}; takes inputs of up to {size(most)}" if most else name

    def bucket_written(self) -> str:
        """An input can be uploaded. The probe is taken away again where that is allowed."""
        self._only_if_writing()
        key = upload_key(new_job_id(), "doctor.txt")
        self._account.s3.put_object(Bucket=self._bucket, Key=key, Body=b"written by jobfleet doctor\n")
        try:
            self._account.s3.delete_object(Bucket=self._bucket, Key=key)
        except ClientError as problem:
            if error_code(problem) not in FORBIDDEN:
                raise
            raise Note(f"{key} stays for some days, because the credentials may not delete it") from problem
        return key.rpartition("/")[0] + "/"

    def reply_queue(self) -> str:
        """A reply queue can be made; without one results are read from the bucket."""
        self._only_if_writing()
        self._fleet = Fleet(self._settings)
        self._fleet.exchange.open()
        if self._fleet.exchange.reply_queue is None:
            raise Note("these credentials may not make one, so results come from the bucket, which is slower")
        return self._fleet.exchange.reply_queue

    def scaling(self) -> str:
        """Whether the fleet scales, may be woken from here, and is looked after."""
        view = self._scaling = read_scaling(Bucket(self._account))
        if view.configuration is None:
            return "off: the stack does not scale"
        said = scaling_link.doubts(self._account, view, write=self._write)
        if said:
            raise Note(f"{view.words}; but {'; '.join(said)}")
        return view.words

    def workers_alive(self) -> str:
        """Workers have sent heartbeats, and run the version that was deployed."""
        if self._scaling and self._scaling.configuration and not self._scaling.alive:
            raise Note(why_none_is_alive(self._scaling))
        found = workers.read_workers(Bucket(self._account))
        doubts = credential_doubts(found.workers, find_identity(self._account), datetime.now(UTC))
        alive = [worker for worker in found.workers if worker.state == "alive"]
        if not alive:
            raise NoWorker(why_nobody_answers(found, doubts))
        versions = {worker.version for worker in alive if worker.version}
        shown = f"{many(len(alive), 'worker')} alive ({', '.join(worker.id for worker in alive[:9])})"
        mine, theirs = _release(__version__), {_release(version) for version in versions}
        if len(versions) > 1:
            raise Note(f"{shown}, of different versions ({', '.join(sorted(versions))}): run {DEPLOY}")
        if theirs - {mine}:
            raise Note(
                f"{shown}, of version {theirs.pop()}; this client is {mine}: install the same, or deploy"
            )
        if doubts:
            raise Note(f"{shown}; but {doubts}")
        deployed = self._published.version if self._published else None
        if deployed and versions - {deployed}:
            raise Note(
                f"{shown}, of version {versions.pop()}; the last deployment was {deployed}: run {DEPLOY}"
            )
        return f"{shown}, version {', '.join(versions) or 'unknown'}"

    def job(self) -> str:
        """A real job goes through, and its answer comes back."""
        self._only_if_writing()
        assert self._fleet is not None  # noqa: S101 - for the type checker
        begun = time.monotonic()
        job = self._fleet.submit("stats", "1 2 3")
        sent = time.monotonic()
        try:
            result = job.result(self._timeout)
        except NoAnswerInTime as problem:
            silence = of_silence(self._account)
            raise NoAnswerInTime(f"{problem}. By their heartbeats, {silence}", job.id) from problem
        done = time.monotonic()
        if (result.result or {}).get("mean") != 2:
            raise JobFailed(result)
        work = sum(result.timings.values())
        return (
            f"mean of 1 2 3 is 2, from {result.worker}: sent in {duration(sent - begun)}, worked on for "
            f"{duration(work)}, in line and under way for {duration(max(0.0, done - sent - work))}"
        )

    @property
    def _bucket(self) -> str:
        found = self._settings
        return found.bucket or found.names.bucket(self._caller["Account"], found.region)

    def _only_if_writing(self) -> None:
        if not self._write:
            raise Unneeded("not tested, because of --no-write")

    def _about_bucket(self, code: str, name: str) -> FleetError | None:
        """HEAD answers without a body, so the status is all there is to go by."""
        if code == "404" and self._settings.bucket:
            return BadInput(f"there is no bucket {name}: leave --bucket out, or name another")
        if code == "404":
            return NotDeployed(f"there are the queues, but no bucket {name}: run {DEPLOY}")
        if code == "301":
            return BadInput(f"bucket {name} lies in another region than {self._settings.region}")
        if code in FORBIDDEN:
            return NotAllowed(
                f"bucket {name} may not be used with these credentials, or it is another account's: "
                f"use the credentials of the account that the stack is in"
            )
        return None


def _release(version: str) -> str:
    """Return a version without the hash of its sources."""
    return version.partition("+")[0]
