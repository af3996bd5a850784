import os
import socket
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError, EndpointConnectionError, NoCredentialsError
from jobfleet_jobs.systemd import notify, watchdog_seconds
from jobfleet_worker.aws.credentials_file import FileCredentials
from jobfleet_worker.aws.error_kinds import credentials_refused, is_outage
from jobfleet_worker.job.broken_attempts import BACKOFF_LONGEST_SECONDS, backoff


def write(path: Path, key: str, *, token: str | None = "t", profile: str = "default") -> None:  # noqa: S107
    text = f"[{profile}]\naws_access_key_id = {key}\naws_secret_access_key = s%ecret\n"
    new = path.with_suffix(".new")
    new.write_text(text + (f"aws_session_token = {token}\n" if token else ""))
    new.replace(path)


def test_credentials_are_what_their_file_says_at_the_moment_of_signing(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    credentials = FileCredentials(path, "default")
    with pytest.raises(NoCredentialsError):
        credentials.get_frozen_credentials()
    for key, token in (("one", "t"), ("two", None)):
        write(path, key, token=token)
        frozen = credentials.get_frozen_credentials()
        assert (frozen.access_key, frozen.secret_key, frozen.token) == (key, "s%ecret", token)


@pytest.mark.parametrize("text", ["", "[default]\naws_access_key_id = x\n", "no section", "[other]\n"])
def test_a_file_that_cannot_be_read_leaves_the_last_credentials(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials"
    write(path, "one")
    credentials = FileCredentials(path, "default")
    credentials.get_frozen_credentials()
    path.write_text(text)
    assert credentials.get_frozen_credentials().access_key == "one"
    path.unlink()
    assert credentials.get_frozen_credentials().access_key == "one"
    write(path, "two")
    assert credentials.get_frozen_credentials().access_key == "two"


def test_the_profile_asked_for_is_read(tmp_path: Path) -> None:
    write(tmp_path / "credentials", "mine", profile="lab")
    assert FileCredentials(tmp_path / "credentials", "lab").get_frozen_credentials().access_key == "mine"


def refusal(code: str, status: int = 400) -> ClientError:
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Any")  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    "code", ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId"]
)
def test_expiry_is_known_by_every_name_it_has(code: str) -> None:
    assert credentials_refused(refusal(code))
    assert not is_outage(refusal(code))


def test_what_waiting_may_mend_is_told_from_what_it_cannot() -> None:
    for problem in (
        refusal("InternalError", 500), refusal("SlowDown", 503), refusal("ThrottlingException"),
        refusal("RequestThrottled"), refusal("KmsThrottled"), refusal("RequestTimeout"),
        EndpointConnectionError(endpoint_url="x"), ConnectTimeoutError(endpoint_url="x"),
    ):  # fmt: skip
        assert is_outage(problem)
        assert not credentials_refused(problem)
    for problem in (refusal("AccessDenied", 403), refusal("NoSuchBucket", 404)):
        assert not is_outage(problem)
        assert not credentials_refused(problem)
    assert credentials_refused(NoCredentialsError())


def test_broken_attempts_wait_longer_each_time_and_never_too_long() -> None:
    for attempt in range(1, 40):
        waits = {backoff(attempt) for _ in range(50)}
        longest = min(BACKOFF_LONGEST_SECONDS, 5 * 2 ** (attempt - 1))
        assert min(waits) >= longest // 2
        assert max(waits) <= longest
    assert len({backoff(8) for _ in range(50)}) > 10


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_hears_one_datagram_for_each_word(
    abstract: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    address = f"jobfleet-test-{os.getpid()}" if abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind("\0" + address if abstract else address)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + address if abstract else address)
        notify("READY=1", "STATUS=waiting")
        assert systemd.recv(100) == b"READY=1\nSTATUS=waiting"
    notify("STOPPING=1")  # nobody listens any more
    monkeypatch.delenv("NOTIFY_SOCKET")
    notify("STOPPING=1")


def test_the_watchdog_is_meant_only_for_its_own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WATCHDOG_USEC", raising=False)
    assert watchdog_seconds() is None
    monkeypatch.setenv("WATCHDOG_USEC", "30000000")
    assert watchdog_seconds() == 30
    monkeypatch.setenv("WATCHDOG_PID", "1")
    assert watchdog_seconds() is None
