"""Credentials of every kind people have: used, or refused by name; and never shown by any command.

The command line runs in this process, before an AWS that refuses everything and quotes in its refusal what it
was sent, as the real one does of a signature that does not match.
"""

import io
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest
from botocore.tokens import SSOTokenProvider
from jobfleet.cli import main as command_line
from jobfleet.errors import Exit
from jobfleet_jobs.credentials import redaction

from tests.echoing_aws import BLOCK, BROKEN, CANARIES, KEY_ID, KEYS, LINES, SECRET, TOKEN, EchoingAws

JOB = "0192f0c1-2345-7abc-8def-0123456789ab"
COMMANDS: dict[str, list[list[str]]] = {
    "stats": [["stats", "1", "2", "3"], ["stats", "1", "2", "--json"]],
    "greyscale": [["greyscale", "photo.png"], ["greyscale", "photos", "-o", "out"]],
    "run": [["run", "stats", "1 2 3"]],
    "operations": [["operations"]],
    "submit": [["submit", "stats", "1 2 3"]],
    "drop": [["drop", "photo.png"]],
    "wait": [["wait", JOB]],
    "result": [["result", JOB]],
    "shell": [["shell"]],
    "jobs": [["jobs"]],
    "status": [["status"], ["status", "--json"]],
    "scaling": [["scaling"], ["scaling", "--json"], ["scaling", "--log"], ["scaling", "--advise"]],
    "web": [["web"], ["web", "--json"]],
    "logs": [["logs"]],
    "dead": [["dead", "list"], ["dead", "show", JOB], ["dead", "redrive", "--all"], ["dead", "drop", JOB]],
    "clear": [["clear", "--requests", "--yes"]],
    "bench": [
        ["bench", "jobs", "--requests", "1"],
        ["bench", "http", "http://127.0.0.1:9/", "--token-from-stack"],
    ],
    "config": [["config"], ["config", "--ask", "--json"]],
    "doctor": [["doctor"], ["doctor", "--json"]],
    "completion": [["completion", "bash"]],
}
# They are all made alike.
IMAGES = {command.name for command in command_line.IMAGE_COMMANDS}


@dataclass
class Person:
    """Somebody's machine: a home, an environment, and what a command said there."""

    home: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]
    aws: EchoingAws
    said: str = ""
    files: dict[str, str] = field(default_factory=dict)

    def write(self, name: str, content: str | bytes) -> None:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        if isinstance(content, str):
            self.files[name] = content

    def set(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> int:
        """Run a command; return its exit code."""
        self.monkeypatch.setattr(sys, "argv", ["jobfleet", *arguments])
        self.monkeypatch.setattr(sys, "stdin", io.StringIO("stats 1 2 3\nstatus\n"))
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        shown = self.capsys.readouterr()
        self.said = shown.out + shown.err
        return int(ended.value.code or 0)

    def shows_nothing(self) -> None:
        """Nothing of the secrets was said, or left in a file that was not there before."""
        for path in self.home.rglob("*"):
            if path.is_file() and ".aws" not in path.parts and path.name != "giver.py":
                self.said += path.read_bytes().decode("latin-1")
        assert [canary for canary in CANARIES if canary in self.said] == []


@pytest.fixture(scope="module")
def aws() -> Iterator[EchoingAws]:
    with EchoingAws.serving() as server:
        yield server


@pytest.fixture
def person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], aws: EchoingAws
) -> Person:
    monkeypatch.setattr(redaction, "_seen", set())
    monkeypatch.chdir(tmp_path)
    one = Person(tmp_path, monkeypatch, capsys, aws)
    one.set(
        HOME=str(tmp_path), JOBFLEET_STACK="canaries", JOBFLEET_REGION="us-east-1", JOBFLEET_TIMEOUT="1",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{aws.server_port}",
    )  # fmt: skip
    one.write("photo.png", b"\x89PNG\r\n\x1a\n")
    one.write("photos/a.png", b"\x89PNG\r\n\x1a\n")
    aws.asked.clear()
    aws.code = "SignatureDoesNotMatch"
    return one


def in_file(content: str | bytes) -> Callable[[Person], None]:
    return lambda one: one.write(".aws/credentials", content)


def in_config(content: str, **files: str) -> Callable[[Person], None]:
    def prepare(one: Person) -> None:
        one.write(".aws/config", content)
        for name, text in files.items():
            one.write(f".aws/{name}", text)

    return prepare


def in_environment(**changes: str) -> Callable[[Person], None]:
    return lambda one: one.set(**{name: value for name, value in (KEYS | changes).items() if value})


def of_program(code: str) -> Callable[[Person], None]:
    def prepare(one: Person) -> None:
        one.write("giver.py", f"import sys, json\n{code}\n")
        giver = one.home / "giver.py"
        one.write(".aws/config", f"[default]\ncredential_process = {sys.executable} {giver} --key {SECRET}\n")

    return prepare


GIVEN = {"Version": 1, "AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": TOKEN}
SSO = (
    "[default]\nsso_session = s\nsso_account_id = 123456789012\nsso_role_name = r\n"
    "[sso-session s]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n"
)


def of_sign_on(text: str) -> Callable[[Person], None]:
    def prepare(one: Person) -> None:
        # botocore has looked for the home when it was imported.
        one.monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", str(one.home / ".aws/sso/cache"))
        one.write(".aws/config", SSO)
        one.write(f".aws/sso/cache/{sha1(b's', usedforsecurity=False).hexdigest()}.json", text)

    return prepare


# What goes out as it is meant.
USED: dict[str, Callable[[Person], None]] = {
    "environment": in_environment(),
    "carriage return behind the token": in_environment(AWS_SESSION_TOKEN=f"{TOKEN}\r"),
    "line break behind the key's id": in_environment(AWS_ACCESS_KEY_ID=f"{KEY_ID}\n"),
    "blank behind the secret": in_environment(AWS_SECRET_ACCESS_KEY=f"{SECRET} "),
    "file": in_file(BLOCK),
    "file with carriage returns": in_file(BLOCK.replace("\n", "\r\n")),
    "file, indented": in_file("".join(f"  {line}\n" for line in BLOCK.splitlines())),
    "file with blanks behind values": in_file(BLOCK.replace("\n", "  \t\n")),
    "program": of_program(f"print(json.dumps({GIVEN!r}))"),
}
FILE = ".aws/credentials cannot be read: "
SIGN_IN = "run `aws sso login --profile default`"
# What is refused, and the words that name it.
REFUSED: dict[str, tuple[Callable[[Person], None], str]] = {
    "token in two lines": (in_environment(AWS_SESSION_TOKEN=BROKEN), "AWS_SESSION_TOKEN in the environment"),
    "key's id in quotes": (in_environment(AWS_ACCESS_KEY_ID=f"'{KEY_ID}'"), "AWS_ACCESS_KEY_ID in the env"),
    "environment by half": (in_environment(AWS_SECRET_ACCESS_KEY=""), "AWS_SECRET_ACCESS_KEY is missing"),
    "byte order mark": (in_file(BLOCK.encode("utf-8-sig")), f"{FILE}line 1 begins with a byte order mark"),
    "UTF-16": (in_file(BLOCK.encode("utf-16")), f"{FILE}it is UTF-16"),
    "latin-1": (in_file(f"# é\n{BLOCK}".encode("latin-1")), f"{FILE}line 1 has a character"),
    "pasted twice": (in_file(BLOCK * 2), f"{FILE}line 5 begins [default] a second time"),
    "without a profile": (in_file(LINES), f"{FILE}line 1 stands before the first"),
    "a line that is none": (in_file(f"{BLOCK}{SECRET}\n"), f"{FILE}line 5 is no name with a value"),
    "configuration that is none": (in_config("x\n"), ".aws/config cannot be read: line 1 stands before"),
    "half": (in_file(BLOCK.partition("aws_secret")[0]), "aws_secret_access_key is missing"),
    "file with quotes": (in_file(BLOCK.replace(TOKEN, f'"{TOKEN}"')), "aws_session_token stands in quotes"),
    "value in two lines": (in_file(BLOCK.replace(TOKEN, BROKEN)), "has a line break in it"),
    "nothing": (in_file(""), "no AWS credentials were found"),
    "no sign-on": (in_config(SSO), SIGN_IN),
    "no sign-in": (in_config("[default]\nlogin_session = arn:aws:iam::1:user/x\n"), "`aws login`"),
    "program that fails": (of_program(f"sys.exit('no {SECRET}')"), "exit code 1, and says: no <hidden>"),
    "program that prints something": (of_program(f"print('{SECRET}')"), "printed no JSON"),
    "program that prints a date that is none": (
        of_program(f"print(json.dumps({ {**GIVEN, 'Expiration': 'soon'}!r}))"), "no time with its zone",
    ),
    "program that prints a date without a zone": (
        of_program(f"print(json.dumps({ {**GIVEN, 'Expiration': '2099-01-01T00:00:00'}!r}))"), "its zone",
    ),
    "program that prints a number for a date": (
        of_program(f"print(json.dumps({ {**GIVEN, 'Expiration': 5}!r}))"), "no time with its zone",
    ),
    "program without a name": (in_config("[default]\ncredential_process =\n"), "names no program"),
    "sign-on cut short": (of_sign_on(f'{{"accessToken": "{TOKEN}'), "sign in again with `aws sso"),
    "sign-on that ends nowhere": (
        of_sign_on(json.dumps({"accessToken": TOKEN, "expiresAt": "2099-01-01T00:00:00"})), "sign in again",
    ),
    "program whose keys are over": (
        of_program(f"print(json.dumps({ {**GIVEN, 'Expiration': '2020-01-01T00:00:00Z'}!r}))"),
        "have expired, and nothing has renewed them: the program",
    ),
    "program that is not there": (in_config(f"[default]\ncredential_process = /none {SECRET}\n"), "'none'"),
    "role of a profile that is not there": (
        in_config("[default]\nrole_arn = arn:aws:iam::1:role/x\nsource_profile = y\n"), '"y"',
    ),
    "role of garbled keys": (
        in_config(
            "[default]\nrole_arn = arn:aws:iam::1:role/xxxxxxxxxx\nsource_profile = y\nregion = us-east-1\n",
            credentials=f"[y]\n{LINES.replace(TOKEN, BROKEN)}",
        ),
        "aws_session_token has a line break in it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", USED)
def test_what_can_be_meant_in_one_way_only_is_used(person: Person, kind: str) -> None:
    USED[kind](person)

    assert person.run("stats", "1", "2", "3") == Exit.CREDENTIALS
    assert person.aws.asked
    assert "AWS does not accept the credentials (SignatureDoesNotMatch)" in person.said
    person.shows_nothing()


@pytest.mark.parametrize("kind", REFUSED)
def test_all_else_is_refused_by_name_before_anything_is_sent(person: Person, kind: str) -> None:
    prepare, words = REFUSED[kind]
    prepare(person)

    assert person.run("stats", "1", "2", "3") == Exit.CREDENTIALS, person.said
    assert words in person.said
    assert len(person.said.splitlines()) == 1
    assert not [path for path in person.aws.asked if path != "/"]
    for command in (["status"], ["doctor"], ["config"]):
        person.shows_nothing()
        person.run(*command)
    person.shows_nothing()


@pytest.mark.parametrize("profile", ["nobody", "nobody\r"])
def test_a_profile_that_is_not_there_is_named(person: Person, profile: str) -> None:
    in_file(BLOCK)(person)
    person.set(AWS_PROFILE=profile)

    assert person.run("stats", "1", "2", "3") == Exit.CREDENTIALS
    assert (
        f"there is no AWS profile {profile!r} in ~/.aws/config or ~/.aws/credentials: there are default"
        in (person.said)
    )


def test_each_command_has_a_line_here() -> None:
    assert set(command_line.cli.commands) - IMAGES | {"greyscale"} == set(COMMANDS)


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "OddRefusal", "AccessDenied"])
@pytest.mark.parametrize("command", [one for kinds in COMMANDS.values() for one in kinds], ids=" ".join)
def test_no_command_says_what_aws_quotes(person: Person, command: list[str], code: str) -> None:
    in_file(BLOCK)(person)
    person.aws.code = code

    person.run(*command)

    person.shows_nothing()
    assert "unforeseen" not in person.said


@pytest.mark.parametrize("kind", ["token in two lines", "a line that is none", "program that fails"])
@pytest.mark.parametrize("command", [one for kinds in COMMANDS.values() for one in kinds], ids=" ".join)
def test_no_command_shows_anything_of_what_it_refuses(person: Person, command: list[str], kind: str) -> None:
    REFUSED[kind][0](person)

    person.run(*command)

    person.shows_nothing()
    assert "unforeseen" not in person.said


@pytest.mark.parametrize(("trace", "shown"), [("", "unforeseen: TypeError: "), ("1", "Traceback")])
def test_no_error_that_nobody_foresaw_shows_anything(person: Person, trace: str, shown: str) -> None:
    person.set(JOBFLEET_TRACE=trace)

    def fail(**_: Any) -> None:
        raise TypeError(f"Invalid header value b'{TOKEN}'")

    person.monkeypatch.setattr("jobfleet.settings.settings.find_settings", fail)

    assert person.run("stats", "1") == Exit.ERROR
    assert shown in person.said
    assert "Invalid header value <hidden>" in person.said
    person.shows_nothing()


def test_a_password_in_the_endpoint_is_shown_by_no_command(person: Person) -> None:
    in_file(BLOCK)(person)
    person.set(AWS_ENDPOINT_URL=person.aws.url.replace("//", "//me:correct-horse-battery@"))

    for command in (["stats", "1"], ["config"], ["config", "--json"], ["doctor"]):
        person.run(*command)
        assert "correct-horse" not in person.said


def test_help_reads_none_of_it(person: Person) -> None:
    in_file(BLOCK * 2)(person)

    assert person.run("--help") == Exit.OK
    assert person.run("stats", "--help") == Exit.OK
    person.shows_nothing()
