"""Whatever is typed, set or piped in: a command answers with a sentence and an exit code of its own.

AWS is a server that refuses every call, so nothing is sent and nothing is waited for.
"""

import io
import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from jobfleet.cli.main import main
from jobfleet.errors import Exit

# The same examples each time, so that a test that fails once fails always.
SAME = settings(
    derandomize=True, deadline=None, database=None, max_examples=40,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

# As a program gets them: of any bytes but NUL.
words = st.binary(max_size=12).map(lambda data: data.replace(b"\0", b"0").decode("utf-8", "surrogateescape"))
# No path from the root: nothing beside the test's own folder shall be touched.
names = words.map(lambda word: word.replace("/", "-"))

VARIABLES = (
    "JOBFLEET_STACK", "JOBFLEET_REGION", "JOBFLEET_BUCKET", "JOBFLEET_VARS", "JOBFLEET_ENDPOINT_URL",
    "JOBFLEET_PROFILE", "JOBFLEET_TIMEOUT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS", "AWS_REGION",
    "AWS_DEFAULT_REGION", "XDG_STATE_HOME", "HOME", "COLUMNS", "LANG", "NO_COLOR", "TERM",
)  # fmt: skip
NONSENSE = (
    "",
    "host:1",
    "http://",
    "http://[",
    "http://a b",
    "http://a:99999",
    "~nobody/x",
    "\x1b[31m",
    "/dev/null",
)

COMMANDS = (
    ["stats", "1", "2"], ["config"], ["greyscale", "x.png"], ["submit", "stats", "1"], ["jobs"], ["status"],
    ["shell", "-s", "1"], ["drop", "x.png", "--operation", "greyscale"], ["result", "x"],
)  # fmt: skip
STARTS = (
    [], ["stats"], ["greyscale"], ["convert"], ["pipeline"], ["run"], ["run", "stats"], ["submit"],
    ["submit", "greyscale"], ["drop", "--operation", "greyscale"], ["drop"], ["result"], ["wait"], ["jobs"],
    ["logs"], ["dead", "list"], ["dead", "show"], ["config"], ["operations"], ["completion"], ["shell"],
    ["shell", "-n"], ["bench", "http"], ["bench", "jobs"],
)  # fmt: skip
OPTIONS = (
    "--file", "--from", "-o", "--name", "--level", "--format", "--column", "--param", "--step", "--timeout",
    "--vars", "--profile", "--bucket", "--stack", "--since", "--ending", "--json", "-q", "--help", "--", "-",
    "--clients",
)  # fmt: skip
SPECIAL = (
    "x.png",
    "y.jpge",
    ".",
    "no/such/",
    "~nobody/x",
    "x" * 256,
    "x" * 5_000,
    "a=b",
    "/dev/null",
    "",
    "1 2",
)
VALUES = st.sampled_from(SPECIAL) | names
COMMAND_LINES = st.builds(
    lambda start, parts: [*start, *itertools.chain(*parts)],
    st.sampled_from(STARTS),
    st.lists(
        VALUES.map(lambda value: [value]) | st.tuples(st.sampled_from(OPTIONS), VALUES).map(list), max_size=3
    ),
)

# Of what files are made that are read: pieces of YAML, and of jobs as JSON.
PIECES = st.lists(
    st.sampled_from(
        (
            "stack_name: ", "demo", "2024-13-45", "[", "{", "!!int x", "!!timestamp 1", "!!binary x", "&a ",
            "*a", "\n",
            "- ", "'", "\t", "? ", "\0", "[" * 2_000, '{"operation": "greyscale", "file": "', "\\ud800",
            "\\u0000",
            "~nobody", ".", "x.png", '"}', '"numbers": [1e999]', "-n x.png ", "-s 1",
        )
    ),
    max_size=5,
).map("".join)  # fmt: skip


class _Refuses(BaseHTTPRequestHandler):
    """Says that the caller may not do that, as SQS, S3 and STS write it."""

    protocol_version = "HTTP/1.1"

    def _refuse(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        text = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        if "X-Amz-Target" in self.headers:
            text = b'{"__type": "AccessDeniedException", "message": "no"}'
        elif self.command == "POST":
            text = b"<ErrorResponse>" + text + b"</ErrorResponse>"
        self.send_response(403)
        self.send_header("Content-Length", str(0 if self.command == "HEAD" else len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = _refuse  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refuses)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


Answer = Callable[..., None]


@pytest.fixture
def answers(endpoint: str, tmp_path: Path) -> Answer:
    """Runs a command in this process and looks at what it says and how it ends."""
    (tmp_path / "x.png").write_bytes(b"no image, and nobody finds out")
    (tmp_path / "home").mkdir()
    fixed = {
        "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
        "JOBFLEET_STACK": "demo", "JOBFLEET_REGION": "us-east-1", "HOME": str(tmp_path / "home"),
    }  # fmt: skip

    def run(arguments: list[str], stdin: bytes = b"", **variables: str) -> None:
        out, said = (io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(tmp_path)
            for name, value in {**fixed, **variables}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", ["jobfleet", *arguments])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), "utf-8", "surrogateescape"))
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", said)
            with pytest.raises(SystemExit) as end:
                main()
        said.seek(0)
        told = said.read()
        code = end.value.code
        assert code in set(Exit) - {Exit.ERROR}, told
        assert "unforeseen: " not in told
        assert all(line.isprintable() for line in told.split("\n")), told
        assert told or code == Exit.OK

    return run


@settings(SAME, max_examples=120)
@example(arguments=["greyscale", "x" * 256], stdin=b"")
@example(arguments=["config", "--vars", "~nobody/x"], stdin=b"")
@given(arguments=COMMAND_LINES, stdin=st.binary(max_size=20))
def test_of_any_arguments(answers: Answer, arguments: list[str], stdin: bytes) -> None:
    answers(arguments, stdin)


@SAME
@given(
    command=st.sampled_from(COMMANDS),
    variables=st.dictionaries(
        st.sampled_from(VARIABLES), words | st.sampled_from(NONSENSE), min_size=1, max_size=3
    ),
)
def test_in_any_environment(answers: Answer, command: list[str], variables: dict[str, str]) -> None:
    answers(command, **variables)


@SAME
@given(data=st.binary(max_size=40) | PIECES.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_of_any_variables_file_and_any_jobs(answers: Answer, data: bytes) -> None:
    answers(["submit", "--from", "-"], data)
    answers(["shell"], data)
    Path(os.environ["HOME"], "any.yml").write_bytes(data)
    answers(["config", "--vars", str(Path(os.environ["HOME"], "any.yml"))])


def test_an_endpoint_in_awss_own_file_that_is_no_url_is_told(answers: Answer, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nendpoint_url = host:1\n")
    answers(["stats", "1"], AWS_CONFIG_FILE=str(tmp_path / "config"), AWS_ENDPOINT_URL="")
