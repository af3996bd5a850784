"""The token that requests bring."""

import base64
import os
from pathlib import Path

import pytest
from jobfleet_jobs.credentials.redaction import HIDDEN, redact
from jobfleet_web.door.head import Head
from jobfleet_web.door.token import Token
from jobfleet_web.problems import Problem
from jobfleet_web.settings import BadSettings

SECRET = "correct-horse-battery"  # noqa: S105


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a token, and a line's end behind it."""
    path = tmp_path / "token"
    path.write_text(f"{SECRET}\n")
    return path


def basic(token: str, user: str = "anybody") -> str:
    """Return a value of Authorization."""
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def head(*given: str, path: str = "/") -> Head:
    """Return the head of a request."""
    return Head("GET", path, {"authorization": list(given)} if given else {}, None)


@pytest.mark.parametrize("given", [basic(SECRET), basic(SECRET, ""), f"Bearer {SECRET}", f"bearer  {SECRET}"])
def test_it_opens_as_a_password_of_anybody_and_as_a_bearer(file: Path, given: str) -> None:
    Token(file).check(head(given))


@pytest.mark.parametrize(
    "given",
    [
        (), (basic("wrong"),), (basic(SECRET + "x"),), (basic(""),), (f"Bearer {SECRET}x",), ("Bearer ",),
        (SECRET,), ("Basic %%%",), ("Basic " + base64.b64encode(SECRET.encode()).decode(),),
        ("Digest x",),
        (basic(SECRET), basic("wrong")), ("Bearer \xff\xfe",), ("",),
    ],
)  # fmt: skip
def test_nothing_else_does(file: Path, given: tuple[str, ...]) -> None:
    with pytest.raises(Problem) as refused:
        Token(file).check(head(*given))
    assert refused.value.status == 401
    assert refused.value.headers == {"WWW-Authenticate": 'Basic realm="jobfleet", charset="UTF-8"'}
    assert refused.value.mend


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_whether_the_process_is_well_is_told_to_all(file: Path, path: str) -> None:
    Token(file).check(head(path=path))


def test_a_new_token_in_the_file_holds_from_the_next_request_on(file: Path) -> None:
    token = Token(file)
    new = file.with_suffix(".new")
    new.write_text("another-long-token")
    new.replace(file)
    token.check(head(basic("another-long-token")))
    with pytest.raises(Problem):
        token.check(head(basic(SECRET)))


def test_while_the_file_is_away_or_empty_the_last_token_holds(file: Path) -> None:
    token = Token(file)
    file.write_text("")
    os.utime(file, ns=(1, 1))
    token.check(head(basic(SECRET)))
    with pytest.raises(Problem):
        token.check(head(basic("")))
    file.unlink()
    token.check(head(basic(SECRET)))


def test_a_process_does_not_start_without_one(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text(" \n")
    for name in ("empty", "nowhere"):
        with pytest.raises(BadSettings, match=name):
            Token(tmp_path / name)


def test_it_is_shown_in_no_sentence(file: Path) -> None:
    Token(file)
    assert redact(f"password {SECRET} is bad") == f"password {HIDDEN} is bad"
