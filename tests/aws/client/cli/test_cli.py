"""Every command through the installed entry point, as a person would type it."""

import io
import json
import os
import re
import signal
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jobfleet.errors import Exit
from jobfleet_jobs.protocol.ids import new_job_id
from jobfleet_jobs.protocol.message import Result
from PIL import Image

from tests.client_run import JOBFLEET, Run, fails, talk
from tests.patience import patience


def test_stats_of_numbers_however_they_are_given(run: Run, worker: Any, tmp_path: Path) -> None:
    (tmp_path / "numbers.txt").write_text("1\n2, 3;\t6\r\n")
    expected = "count   4\nmean    3\nmin     1\nmax     6\nmedian  2.5\n"
    for ran in (
        run("stats", "1", "2", "3", "6"),
        run("stats", "1,2 3", "6"),
        run("stats", "--file", str(tmp_path / "numbers.txt")),
        run("stats", "-", stdin="1 2 3 6"),
        run("stats", "--file", "-", stdin="1 2 3 6"),
    ):
        assert (ran.returncode, ran.stdout, talk(ran)) == (0, expected, "")
        assert ran.stderr.startswith("job ")
    found = json.loads(run("stats", "-1", "-.5", "-1e2", "--json").stdout)
    assert found["result"] == {"count": 3, "mean": -101.5 / 3, "min": -100.0, "max": -0.5, "median": -1}
    assert found["status"] == "succeeded"


def test_more_statistics_are_there_for_the_asking(run: Run, worker: Any) -> None:
    ran = run(
        "stats", "2", "4", "4", "4", "5", "5", "7", "9", "--more", "--quantiles", "2", "--histogram", "2"
    )
    assert (ran.returncode, talk(ran)) == (0, "")
    shown = {line[:20].rstrip(): line[21:] for line in ran.stdout.splitlines()}
    assert list(shown)[:5] == ["count", "mean", "min", "max", "median"]
    assert shown["q3"] == "5.5"
    assert shown["population stdev"] == "2"
    assert shown["mode"] == "4 (3 times)"
    assert shown["1/2"] == "4.5"
    assert (shown["bin 1/2"], shown["bin 2/2"]) == ("6 in [2, 5.5)", "2 in [5.5, 9]")
    found = json.loads(run("stats", "2.5", "--more", "--json").stdout)["result"]
    assert (found["sum"], found["stdev"], found["population_stdev"]) == (2.5, None, 0.0)
    job = run("submit", "stats", "1", "3", "--more").stdout.strip()
    assert "sum 4" in run("wait", job, "--timeout", "60").stdout


def test_commas_that_may_be_decimal_commas_are_told_beside_the_result(run: Run, worker: Any) -> None:
    ran = run("stats", "1,5", "2,7")
    assert (ran.returncode, ran.stdout.splitlines()[0]) == (0, "count   4")
    assert "note: commas part numbers, so '1,5' was read as 1 and 5" in ran.stderr
    ran = run("shell", "--", "-s", "1,5", "2,7")
    assert "mean    3.75\n" in ran.stdout
    assert "note: commas part numbers" in ran.stderr


def test_columns_of_csv_are_done_by_their_names(run: Run, worker: Any, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text('name;"height, m";kg\n"A; B";1,75;60\nC;;\nD;1,25;80\n')
    ran = run("stats", "--file", str(file), "-c", "height, m", "--column", "kg")
    assert (ran.returncode, ran.stdout.splitlines()[:3]) == (
        0, ["        height, m  kg", "count   2          2", "mean    1.5        70"]
    )  # fmt: skip
    assert "note: column 'kg': 1 empty cell left out" in ran.stderr
    job = run("submit", "stats", "-", "--columns", "kg", stdin=file.read_text()).stdout.strip()
    assert "kg: count 2  mean 70" in run("wait", job, "--timeout", "60").stdout
    fails(
        run("stats", "--file", str(file), "--column", "age"),
        Exit.BAD_INPUT, "people.csv: there is no column 'age'", "'name', 'height, m', 'kg'",
    )  # fmt: skip
    assert "for a column of CSV give --column NAME" in run("stats", "--file", str(file)).stderr


def test_a_plain_job_asks_for_nothing_that_older_workers_lack(run: Run, stack: Any) -> None:
    run("submit", "stats", "1")
    assert json.loads(stack.take(stack.requests)["Body"])["parameters"] == {}


def test_options_may_stand_before_and_after_the_command(run: Run, worker: Any) -> None:
    for ran in (run("--json", "stats", "5"), run("stats", "5", "--json"), run("stats", "--json", "5")):
        assert json.loads(ran.stdout)["result"]["mean"] == 5


def test_many_numbers_go_through_the_bucket(run: Run, worker: Any, stack: Any, tmp_path: Path) -> None:
    (tmp_path / "many").write_text("\n".join(map(str, range(100_000))))
    ran = run("stats", "--file", str(tmp_path / "many"), "--json")
    found = json.loads(ran.stdout)
    assert found["result"]["mean"] == 49999.5
    assert any(call == f"PUT uploads/{found['id']}/numbers.txt" for call in stack.front.calls)


@pytest.mark.parametrize("operation", ["greyscale", "threshold", "blackwhite"])
def test_an_image_is_sent_done_and_brought_back(
    run: Run, worker: Any, photo: Path, stack: Any, operation: str
) -> None:
    ran = run(operation, "photo.png", "-o", "out.png")
    assert (ran.returncode, talk(ran)) == (0, "")
    assert "file    out.png" in ran.stdout
    [key] = re.findall(rf"^bucket  s3://{stack.bucket}/(outputs/[0-9a-f-]{{36}}/out.png)$", ran.stdout, re.M)
    assert "size    60 x 40" in ran.stdout
    assert (photo.parent / "out.png").read_bytes() == stack.object(key)
    values = set(np.unique(np.asarray(Image.open(io.BytesIO(stack.object(key))))))
    assert values == {0, 254} or operation == "greyscale"


@pytest.mark.parametrize(
    ("arguments", "size"),
    [
        (("resize", "--width", "30"), (30, 20)), (("resize", "--height", "80", "--enlarge"), (120, 80)),
        (("thumbnail", "--width", "6"), (6, 4)), (("convert", "--quality", "9"), (60, 40)),
        (("rotate", "--degrees", "-90"), (40, 60)), (("blur", "--radius", "0.5"), (60, 40)),
        (("edges",), (60, 40)), (("strip",), (60, 40)),
    ],
)  # fmt: skip
def test_an_image_is_changed_as_the_options_say(
    run: Run, worker: Any, photo: Path, arguments: tuple[str, ...], size: tuple[int, int]
) -> None:
    ran = run(*arguments, "photo.png")
    assert (ran.returncode, "file " in ran.stdout) == (0, True), ran.stderr
    with Image.open(photo.parent / f"photo-{arguments[0]}.png") as image:
        assert image.size == size


def test_outputs_of_convert_are_called_after_their_format(run: Run, worker: Any, photo: Path) -> None:
    found = json.loads(run("convert", "photo.png", "--format", "jpeg", "--json").stdout)
    assert (found["file"], found["output"]["key"].rpartition("/")[2]) == (
        "photo-convert.jpg",
        "photo-convert.jpg",
    )
    (photo.parent / "in").mkdir()
    (photo.parent / "in/a.png").write_bytes(photo.read_bytes())
    ran = run("convert", "in", "--format", "webp", "-o", "out", "--name", "n", "--json")
    assert json.loads(ran.stdout)["output"]["key"] == "outputs/n/a.webp"
    with Image.open(photo.parent / "out/a.webp") as image:
        assert image.format == "WEBP"


def test_options_that_no_worker_could_follow_never_leave_the_machine(
    run: Run, photo: Path, stack: Any
) -> None:
    fails(run("resize", "photo.png"), Exit.BAD_INPUT, "resize needs width or height")
    fails(run("rotate", "photo.png", "--degrees", "1", "--background", "x"), Exit.BAD_INPUT, "background='x'")
    fails(
        run("blur", "photo.png", "--radius", "nan"),
        Exit.BAD_INPUT,
        "radius=nan: give a number from 0.1 to 1000",
    )
    for arguments in (("rotate", "photo.png"), ("resize", "photo.png", "--width", "0"),
                      ("convert", "photo.png", "--format", "svg")):  # fmt: skip
        assert run(*arguments).returncode == Exit.USAGE, arguments
    assert stack.front.calls == []


def test_parameters_and_names_reach_the_worker(run: Run, worker: Any, photo: Path, stack: Any) -> None:
    ran = run(
        "threshold",
        "photo.png",
        "--level",
        "9",
        "--low",
        "1",
        "--high",
        "2",
        "--name",
        "a/b.gif",
        "-o",
        "c.gif",
        "--json",
    )
    found = json.loads(ran.stdout)
    assert (found["output"]["key"], found["file"], found["result"]["format"]) == (
        "outputs/a/b.gif",
        "c.gif",
        "GIF",
    )
    with Image.open(photo.parent / "c.gif") as image:
        assert set(np.unique(np.asarray(image.convert("RGB")))) == {1, 2}
    assert run("greyscale", "photo.png").returncode == 0
    assert (photo.parent / "photo-greyscale.png").exists()


def test_notes_go_to_stderr_and_can_be_silenced(run: Run, worker: Any, photo: Path) -> None:
    assert "note: JPEG is lossy" in run("threshold", "photo.png", "-o", "x.jpg").stderr
    assert run("threshold", "photo.png", "-o", "x.jpg", "--quiet").stderr == ""


def test_a_result_can_be_fetched_later(run: Run, worker: Any, photo: Path) -> None:
    found = json.loads(run("greyscale", "photo.png", "--json").stdout)
    ran = run("result", found["id"], "--json", "-o", "again.png")
    assert {**json.loads(ran.stdout), "file": ""} == {**found, "file": ""}
    assert (photo.parent / "again.png").read_bytes() == (photo.parent / "photo-greyscale.png").read_bytes()
    # A file that is there already is none of the input, and replaced.
    (photo.parent / "again.png").write_bytes(b"older")
    assert run("result", found["id"], "-o", "again.png").returncode == 0
    assert (photo.parent / "again.png").read_bytes() == (photo.parent / "photo-greyscale.png").read_bytes()
    fails(run("result", new_job_id()), Exit.NO_ANSWER, "there is no result of job")
    fails(run("result", "../../x"), Exit.BAD_INPUT, "is no job id")


def test_no_reply_queue_is_left_behind(run: Run, worker: Any, stack: Any) -> None:
    for arguments in (("1",), ("x",)):
        run("stats", *arguments)
    left = stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix)["QueueUrls"]
    assert left == [stack.replies]  # the one made by hand


def test_a_round_trip_costs_few_calls(run: Run, stack: Any) -> None:
    stack.worker("--config", str(stack.settings_file(wait_time=5)), AWS_ENDPOINT_URL="")
    stack.until(lambda: "ReceiveMessage" in stack.front.calls)
    before = len(stack.front.calls)
    assert run("stats", "1").returncode == 0
    mine = [call for call in stack.front.calls[before:] if not call.startswith("PUT")]
    assert mine.count("GetQueueUrl") == 1  # the worker's, for the reply queue
    assert [mine.count(name) for name in ("CreateQueue", "GetCallerIdentity", "POST ")] == [1, 0, 0]


def test_where_queues_may_not_be_made_the_answer_is_read_from_the_bucket(
    worker: Any, stack: Any, run: Run
) -> None:
    stack.front.forbids = lambda call: call == "CreateQueue"
    ran = run("stats", "1", "2", "3", "--json")
    assert json.loads(ran.stdout)["result"]["mean"] == 2
    assert stack.waiting(stack.responses) == 1  # where the answer went, for nobody to take


def test_no_worker_in_time(run: Run, stack: Any) -> None:
    ran = run("stats", "1", "--timeout", "1")
    (body,) = (json.loads(stack.take(stack.requests)["Body"]),)
    job_id = body["id"]
    fails(ran, Exit.NO_ANSWER, "within 1 s", "in the bucket", f"jobfleet result {job_id}", "--timeout")
    assert "No worker has sent a heartbeat ever: start the instances" in ran.stderr


def test_where_no_answer_comes_it_is_told_whether_a_worker_is_there(run: Run, stack: Any) -> None:
    key = f"workers/{stack.name}.json"
    at = datetime.now(UTC).isoformat()
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps({"at": at}).encode())
    ran = run("stats", "1", "--timeout", "0")
    fails(ran, Exit.NO_ANSWER, "1 worker is alive and may be busy: `jobfleet status`")
    stack.s3.put_object(Bucket=stack.bucket, Key=key, Body=json.dumps({"at": at, "stopped": True}).encode())
    job_id = new_job_id()
    for arguments in (("result", job_id), ("wait", job_id, "--timeout", "0")):
        fails(run(*arguments), Exit.NO_ANSWER, f"No worker is alive; {stack.name} was stopped", "site.yml")
    stack.front.forbids = lambda call: call.startswith("GET") and "workers" in call
    fails(run("result", job_id), Exit.NO_ANSWER, "`jobfleet doctor` tests every link")


def test_a_timeout_that_is_none_is_told_before_anything_is_sent(run: Run, stack: Any) -> None:
    fails(run("stats", "1", JOBFLEET_TIMEOUT="soon"), Exit.SETTINGS, "JOBFLEET_TIMEOUT: 'soon' is no number")
    assert stack.front.calls == []


def test_an_answer_that_missed_the_reply_queue_is_found_in_the_bucket(run: Run, stack: Any) -> None:
    def put_result(call: str) -> float:
        if call == "ReceiveMessage":
            job_id = json.loads(stack.take(stack.requests)["Body"])["id"]
            done = Result(job_id, "stats", "succeeded", "w", 1, {"mean": 8})
            stack.s3.put_object(
                Bucket=stack.bucket, Key=f"results/{job_id}.json", Body=done.to_json().encode()
            )
            stack.front.delays = lambda call: 0.0
        return 0.0

    stack.front.delays = put_result
    assert "mean  8" in run("stats", "1", "--timeout", "2").stdout


def test_no_credentials(run: Run) -> None:
    ran = run("stats", "1", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    fails(ran, Exit.CREDENTIALS, "no AWS credentials were found", "~/.aws/credentials")


def test_expired_credentials(run: Run, stack: Any, photo: Path) -> None:
    stack.front.expired_keys = {"key"}
    fails(run("stats", "1"), Exit.CREDENTIALS, "have expired", "Learner Lab")
    fails(run("result", new_job_id(), "--bucket", stack.bucket), Exit.CREDENTIALS, "have expired")


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


def test_the_stack_is_found_in_the_variables_file(run: Run, worker: Any, stack: Any, photo: Path) -> None:
    file = photo.parent / "inventory/group_vars/all.yml"
    file.parent.mkdir(parents=True)
    file.write_text(f"stack_name: {stack.name}\naws_region: us-east-1\nsecret: !vault x\n")
    nothing = {"JOBFLEET_STACK": "", "JOBFLEET_REGION": ""}
    assert run("stats", "1", **nothing).returncode == 0
    elsewhere = file.rename(photo.parent / "copy.yml")
    assert run("stats", "1", "--vars", "copy.yml", **nothing).returncode == 0
    assert run("stats", "1", **nothing, JOBFLEET_VARS=str(elsewhere)).returncode == 0
    fails(
        run("stats", "1", **nothing),
        Exit.SETTINGS,
        "no stack is known",
        "--stack",
        "JOBFLEET_STACK",
        "--vars",
    )


def test_the_help_imports_nothing_that_takes_its_time(run: Run) -> None:
    ran = run("--help", PYTHONPROFILEIMPORTTIME="1")
    assert ran.returncode == 0
    imported = {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}
    assert "jobfleet.cli.commands.send.images" in imported
    heavy = {"boto3", "botocore", "s3transfer", "rich", "yaml", "sqlite3", "asyncio", "importlib.metadata"}
    assert imported & heavy == set()


def test_the_version_is_told(run: Run) -> None:
    assert run("--version").stdout.startswith("jobfleet, version ")


def test_ctrl_c_as_soon_as_the_job_is_out_says_which_goes_on(stack: Any, tmp_path: Path) -> None:
    sent = tmp_path / "jobfleet" / stack.bucket / "sent.jsonl"
    sent.parent.mkdir(parents=True)
    os.mkfifo(sent)  # whoever opens it to write is held up until somebody reads
    process = subprocess.Popen(
        [JOBFLEET, "--stack", stack.name, "--region", "us-east-1", "stats", "1"],
        env=stack.environment | {"XDG_STATE_HOME": str(tmp_path)}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stack.until(lambda: "ReceiveMessage" in stack.front.calls)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=patience(120))
    assert process.returncode == Exit.INTERRUPTED
    [message] = stack.sqs.receive_message(QueueUrl=stack.requests)["Messages"]
    assert f"`jobfleet result {json.loads(message['Body'])['id']}`" in said
    assert " sent\n" not in said  # it came before that


def test_ctrl_c_is_told_in_a_word(stack: Any, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [JOBFLEET, "--stack", stack.name, "--region", "us-east-1", "stats", "1"], env=stack.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    stack.until(lambda: "ReceiveMessage" in stack.front.calls)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=patience(120))
    assert (process.returncode, out) == (Exit.INTERRUPTED, "")
    assert "goes on without you" in said
    assert said.endswith("jobfleet: interrupted\n")
    # The reply queue is gone all the same.
    assert stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix)["QueueUrls"] == [stack.replies]
