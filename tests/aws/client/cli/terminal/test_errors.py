"""What goes wrong, as a sentence and an exit code."""

import json
from pathlib import Path
from typing import Any

from jobfleet.errors import Exit
from jobfleet_jobs.protocol.ids import new_job_id

from tests.client_run import Run, fails, talk


def test_no_credentials(run: Run) -> None:
    ran = run("stats", "1", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    fails(ran, Exit.CREDENTIALS, "no AWS credentials were found", "~/.aws/credentials")


def test_expired_credentials(run: Run, stack: Any, photo: Path) -> None:
    stack.front.expired_keys = {"key"}
    fails(run("stats", "1"), Exit.CREDENTIALS, "have expired", "Learner Lab")
    fails(run("result", new_job_id(), "--bucket", stack.bucket), Exit.CREDENTIALS, "have expired")


def test_credentials_of_a_lab_whose_session_has_ended(run: Run, stack: Any) -> None:
    stack.front.cancelled_keys = {"key"}
    for command in (("stats", "1"), ("result", new_job_id()), ("jobs",), ("status",)):
        ran = run(*command)
        fails(ran, Exit.CREDENTIALS, "the lab's session has ended", "press Start Lab", "AWS Details")
        assert "ask the owner" not in ran.stderr


def test_where_new_credentials_belong_is_told(run: Run, stack: Any, home: Path) -> None:
    stack.front.expired_keys = {"key"}
    ran = run("stats", "1")
    fails(
        ran, Exit.CREDENTIALS, "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN", "unset"
    )
    file = home / "keys"
    file.write_text("[lab]\naws_access_key_id = key\naws_secret_access_key = secret\n")
    ran = run("stats", "1", "--profile", "lab", AWS_SHARED_CREDENTIALS_FILE=str(file))
    fails(ran, Exit.CREDENTIALS, "have expired", f"put them in {file}, profile lab")
    assert "AWS_SESSION_TOKEN" not in ran.stderr
    ran = run("stats", "1", "--profile", "lap", AWS_SHARED_CREDENTIALS_FILE=str(file))
    fails(ran, Exit.CREDENTIALS, "there is no AWS profile 'lap'", "there are lab")
    fails(run("stats", "1", AWS_SECRET_ACCESS_KEY=""), Exit.CREDENTIALS, "not whole", "AWS_SECRET_ACCESS_KEY")


def test_a_stack_that_is_not_deployed(run: Run) -> None:
    ran = run("stats", "1", "--stack", "nowhere")
    fails(ran, Exit.NOT_DEPLOYED, "stack 'nowhere' is not deployed in account 123456789012, region us-east-1")
    assert "ansible-playbook site.yml" in ran.stderr
    fails(run("result", new_job_id(), "--stack", "nowhere"), Exit.NOT_DEPLOYED, "nowhere")


def test_an_endpoint_that_nobody_answers_at(run: Run) -> None:
    ran = run("stats", "1", "--endpoint-url", "http://127.0.0.1:9")
    fails(ran, Exit.UNREACHABLE, "http://127.0.0.1:9 cannot be reached")


def test_an_aws_that_fails_by_itself(run: Run, stack: Any) -> None:
    stack.front.fails = lambda call: True
    fails(run("stats", "1"), Exit.UNREACHABLE, "try again")


def test_credentials_that_allow_too_little(run: Run, stack: Any) -> None:
    stack.front.forbids = lambda call: call == "SendMessage"
    fails(run("stats", "1"), Exit.NOT_ALLOWED, "do not allow SendMessage (sending a job)", "docs/policies")


def test_a_file_that_is_no_image(run: Run, worker: Any, photo: Path) -> None:
    (photo.parent / "words.jpg").write_text("just words")
    ran = run("greyscale", "words.jpg", "-o", "x.jpg")
    fails(ran, Exit.JOB_FAILED, "no image")
    assert not (photo.parent / "x.jpg").exists()
    ran = run("greyscale", "words.jpg", "--json")
    assert ran.returncode == Exit.JOB_FAILED
    assert json.loads(ran.stdout)["error"]["code"] == "not-an-image"


def test_inputs_that_are_not_there_or_are_no_files(run: Run, photo: Path, stack: Any) -> None:
    (photo.parent / "folder").mkdir()
    fails(run("greyscale", "nothing.jpg"), Exit.BAD_INPUT, "there is no file nothing.jpg")
    fails(run("greyscale", "folder"), Exit.BAD_INPUT, "there is no image in folder")
    fails(run("stats", "--file", "nothing.txt"), Exit.BAD_INPUT, "there is no file nothing.txt")
    fails(run("stats", "--file", "folder"), Exit.BAD_INPUT, "folder is a folder")
    fails(run("stats", "--file", "photo.png"), Exit.BAD_INPUT, "no UTF-8 text")
    assert stack.front.calls == []


def test_a_word_among_the_numbers(run: Run, tmp_path: Path) -> None:
    (tmp_path / "n.txt").write_text("1\n2\nthree\n")
    fails(run("stats", "1", "x"), Exit.BAD_INPUT, "jobfleet: 'x' is not a number")
    ran = run("stats", "1", "x", "2", "y")
    assert ran.returncode == Exit.BAD_INPUT
    assert talk(ran) == "jobfleet: 2 values are no numbers:\n'x' is not a number\n'y' is not a number\n"
    fails(
        run("stats", "--file", str(tmp_path / "n.txt")),
        Exit.BAD_INPUT,
        "n.txt: line 3: 'three' is not a number",
    )
    fails(run("stats", "-", stdin=" "), Exit.BAD_INPUT, "no numbers")


def test_outputs_that_cannot_be_written(run: Run, photo: Path, stack: Any) -> None:
    (photo.parent / "folder").mkdir()
    (photo.parent / "link.png").symlink_to("photo.png")
    before = photo.read_bytes()
    fails(run("greyscale", "photo.png", "-o", "photo.png"), Exit.OUTPUT, "is the input itself")
    fails(run("greyscale", "photo.png", "-o", "link.png"), Exit.OUTPUT, "is the input itself")
    fails(run("greyscale", "photo.png", "-o", "."), Exit.OUTPUT, "is the input itself")
    fails(run("greyscale", "folder", "-o", "photo.png"), Exit.OUTPUT, "is a file")
    fails(run("greyscale", "photo.png", "-o", "no/x.png"), Exit.OUTPUT, "does not exist")
    fails(run("greyscale", "photo.png", "--name", "../x.png"), Exit.BAD_INPUT, "../x.png")
    assert photo.read_bytes() == before
    assert stack.front.calls == []


def test_commands_that_cannot_be_understood(run: Run, photo: Path) -> None:
    for arguments in (
        ("stats",), ("stats", "--flie", "x"), ("stats", "1", "--file", "x"), ("rot13",), ("greyscale",),
        ("threshold", "photo.png", "--level", "256"), ("stats", "1", "--timeout", "soon"),
    ):  # fmt: skip
        ran = run(*arguments)
        assert (ran.returncode, ran.stdout) == (Exit.USAGE, ""), arguments
        assert "Usage: jobfleet" in ran.stderr
        assert "Traceback" not in ran.stderr
