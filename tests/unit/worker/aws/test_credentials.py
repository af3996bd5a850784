"""Where a worker's credentials come from, in whatever state their file is; and what it says without any."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.credentials import redaction
from jobfleet_worker import __main__ as program
from jobfleet_worker.aws.circuit_breaker import CircuitBreaker
from jobfleet_worker.aws.clients import METADATA, NoCredentialsFound, make_clients
from jobfleet_worker.aws.credentials_file import FileCredentials, UnusableFile
from jobfleet_worker.clock import SystemClock
from jobfleet_worker.errors import BrokenAttempt, trace, words
from jobfleet_worker.reporting.journal import Journal

KEY_ID, SECRET = "ASIACANARYCANARY4321", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"
TOKEN = "IQoJb3JpZ2luX2VjCANARY" + "aB3/+" * 40 + "=="
LINES = f"aws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n"
BLOCK = f"[default]\n{LINES}"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "credentials"
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(path))
    return path


READABLE = [
    BLOCK.encode("utf-8-sig"),
    BLOCK.encode("utf-16"),
    f"# é\n{BLOCK}".encode("latin-1"),
    BLOCK.replace("\n", "\r\n").encode(),
    (BLOCK.replace(KEY_ID, "ASIAOLDOLDOLDOLD0000") + BLOCK).encode(),
    BLOCK.replace("\n", "  \n").encode(),
]


@pytest.mark.parametrize("data", READABLE, ids=range(len(READABLE)))
def test_the_file_is_read_as_it_was_meant(file: Path, data: bytes) -> None:
    file.write_bytes(data)

    assert make_clients("us-east-1", "http://127.0.0.1:9")

    frozen = FileCredentials(file, "default").get_frozen_credentials()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == (KEY_ID, SECRET, TOKEN)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file or directory"),
        ("", "[default] lacks its line"),
        (LINES, "line 1 stands before the first"),
        (BLOCK.partition("aws_secret")[0], "[default] lacks aws_secret_access_key"),
        (BLOCK.replace(TOKEN, f"{TOKEN[:30]}\n  {TOKEN[30:]}"), "has a line break in it"),
    ],
)
def test_a_file_that_never_held_any_is_named_with_what_is_wrong(
    file: Path, text: str | None, why: str
) -> None:
    if text is not None:
        file.write_text(text)

    with pytest.raises(UnusableFile) as raised:
        FileCredentials(file, "default").get_frozen_credentials()

    assert str(raised.value).startswith(f"{file} holds no credentials: ")
    assert why in str(raised.value)
    assert "CANARY" not in str(raised.value)


class _Metadata(BaseHTTPRequestHandler):
    """A metadata service that has no role for some of the asked times."""

    protocol_version = "HTTP/1.1"
    asked = 0

    def do_PUT(self) -> None:
        self.say(200, "a-token")

    def do_GET(self) -> None:
        type(self).asked += 1
        if type(self).asked < METADATA["metadata_service_num_attempts"]:
            self.say(500, "")
        elif self.path.endswith("/"):
            self.say(200, "LabRole")
        else:
            given = {
                "Code": "Success", "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "Token": TOKEN,
                "Expiration": "2126-01-01T00:00:00Z",
            }  # fmt: skip
            self.say(200, json.dumps(given))

    def say(self, status: int, text: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Metadata)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(_Metadata, "asked", 0)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "false")
    monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
    yield
    server.shutdown()
    server.server_close()


def test_the_metadata_service_may_fail_some_times(metadata: None) -> None:
    assert make_clients("us-east-1", "http://127.0.0.1:9")
    assert _Metadata.asked > METADATA["metadata_service_num_attempts"]


def test_what_the_person_says_of_the_metadata_service_counts(
    metadata: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1")

    with pytest.raises(NoCredentialsFound):
        make_clients("us-east-1", "http://127.0.0.1:9")
    assert _Metadata.asked == 1


def test_a_worker_without_any_ends_with_a_sentence_so_that_systemd_tries_again(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    config = tmp_path / "worker.toml"
    config.write_text(
        'stack = "s1"\nregion = "us-east-1"\nbucket = "b11"\nrequest_queue = "q"\nresponse_queue = "r"\n'
        f'dead_letter_queue = "d"\nspool = "{tmp_path}/spool"\n'
    )

    assert program.main(["--config", str(config)]) == program.Exit.UNREACHABLE
    assert capsys.readouterr().err.startswith("worker: there are no AWS credentials: name their file in ")


def test_a_worker_with_garbled_ones_says_which_and_never_shows_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(
        ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
        (KEY_ID, SECRET, f"{TOKEN[:30]}\n{TOKEN[30:]}"),
        strict=True,
    ):
        monkeypatch.setenv(name, value)

    assert program.main(["--stack", "s1", "--region", "us-east-1"]) == program.Exit.UNREACHABLE
    said = capsys.readouterr().err
    assert "AWS_SESSION_TOKEN in the environment has a line break in it" in said
    assert "CANARY" not in said


def test_no_line_of_the_log_shows_what_a_library_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redaction, "_seen", set())
    stored: list[bytes] = []
    journal = Journal(tmp_path / "spool", "w1", lambda key, lines: stored.append(lines), SystemClock())
    problem = ValueError(f"Invalid header value b'{TOKEN}\\r' of x-amz-security-token: {TOKEN}")
    broken = BrokenAttempt("it broke")
    broken.trace = f"File x, line 1, in y\n    sign({SECRET!r})"

    # A cause is stored with a job's result too, and cut: a secret must be gone before.
    assert "CANARY" not in words(ValueError(f"{'x' * 960} {SECRET}")) + trace(broken)
    CircuitBreaker(SystemClock(), lambda: None, journal.tell).failed("sqs", problem, None)
    journal.tell("attempt-broken", cause=words(problem), trace=trace(broken))
    journal.tell("given-up", cause=str(problem))
    batch = journal.batch([("job", {"outcome": "failed", "cause": str(problem), "trace": broken.trace})])
    journal.store(batch)
    journal.upload()

    shown = capsys.readouterr().out + "".join(lines.decode() for lines in stored)
    assert shown.count("<hidden>") >= 8
    assert "CANARY" not in shown
