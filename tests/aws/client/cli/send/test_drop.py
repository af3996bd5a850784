"""`jobfleet drop` through the installed entry point."""

import json
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit

from tests.client_run import Run, fails, picture
from tests.patience import patience


@pytest.fixture
def open_stack(stack: Any) -> Any:
    """A stack whose bucket tells the request queue of what is dropped."""
    return stack.open_drop_folder()


def seen(run: Run, *more: str) -> dict[str, dict[str, Any]]:
    """What `drop --status` says of each key."""
    ran = run("drop", "--status", "--json", *more)
    assert ran.returncode == 0, ran.stderr
    return {row["key"]: row for row in map(json.loads, ran.stdout.splitlines())}


def test_what_is_dropped_waits_is_done_and_is_told(
    open_stack: Any, run: Run, photo: Path, home: Path
) -> None:
    (home / "notes.txt").write_text("no image")
    ran = run("drop", "photo.png", "notes.txt", "--operation", "threshold", "--param", "level=7")
    keys = ["incoming/threshold/photo.png", "incoming/threshold/notes.txt"]
    assert (ran.returncode, ran.stdout.splitlines()) == (0, keys)
    head = open_stack.s3.head_object(Bucket=open_stack.bucket, Key=keys[0])
    assert head["Metadata"] == {"level": "7"}
    assert {row["state"] for row in seen(run).values()} == {"waiting"}

    open_stack.worker()
    open_stack.until(lambda: "waiting" not in {row["state"] for row in seen(run).values()}, 60)

    rows = seen(run)
    assert [(rows[key]["state"], rows[key]["code"]) for key in keys] == [
        ("succeeded", None),
        ("failed", "not-an-image"),
    ]
    assert run("result", str(rows[keys[0]]["job"])).returncode == 0
    ran = run("drop", "--status", "--operation", "threshold")
    assert "failed: not-an-image  incoming/threshold/notes.txt" in ran.stdout
    assert sorted(ran.stderr.strip().split(", ")) == ["1 failed", "1 succeeded"]


@pytest.mark.parametrize("processed", ["leave", "move"])
def test_what_became_of_inputs_is_known_however_they_are_left(
    open_stack: Any, run: Run, home: Path, processed: str
) -> None:
    (home / "n.txt").write_text("1 2 3")
    run("drop", "n.txt", "--operation", "stats")
    folder = "processed" if processed == "move" else "incoming"

    open_stack.worker("--config", str(open_stack.settings_file(drop_processed=processed)))
    open_stack.until(lambda: seen(run).get(f"{folder}/stats/n.txt", {}).get("state") == "succeeded", 60)

    # The same name anew: what is known of the one before is not said of this one.
    (home / "n.txt").write_text("4 5 6 7")
    open_stack.processes[-1].terminate()
    open_stack.processes[-1].communicate(timeout=patience(60))
    run("drop", "n.txt", "--operation", "stats")
    assert seen(run)["incoming/stats/n.txt"]["state"] == "waiting"


def test_a_folder_goes_there_under_its_name_with_names_of_any_kind(
    open_stack: Any, run: Run, home: Path
) -> None:
    names = ["a b+c%.png", "ünï/日本 'x'.png"]
    for name in names:
        picture(home / "photos" / name, 1)
    (home / "photos" / ".hidden").write_text("x")

    ran = run("drop", "photos", "--operation", "greyscale", "--json")

    keys = [f"incoming/greyscale/photos/{name}" for name in names]
    assert [json.loads(line)["key"] for line in ran.stdout.splitlines()] == keys
    assert list(seen(run)) == sorted(keys)


def test_a_large_file_goes_in_parts_with_its_parameters(open_stack: Any, run: Run, home: Path) -> None:
    (home / "large.txt").write_bytes(b"1 " * (5 * 1024 * 1024))
    ran = run("drop", "large.txt", "--operation", "stats", "-p", "columns=größe", "-p", "more=true")
    assert ran.returncode == 0, ran.stderr
    [body] = [
        message["Body"]
        for message in open_stack.sqs.receive_message(QueueUrl=open_stack.requests, MaxNumberOfMessages=10)[
            "Messages"
        ]
        if "TestEvent" not in message["Body"]
    ]
    assert json.loads(body)["Records"][0]["eventName"] == "ObjectCreated:CompleteMultipartUpload"
    head = open_stack.s3.head_object(Bucket=open_stack.bucket, Key="incoming/stats/large.txt")
    assert head["Metadata"]["more"] == "true"
    assert head["Metadata"]["columns"].isascii()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["photo.png"], Exit.USAGE, "Give --operation"),
        ([], Exit.USAGE, "Give files to drop, or --status"),
        (["photo.png", "--status"], Exit.USAGE, "Give files to drop, or --status"),
        (["photo.png", "--operation", "threshold", "-p", "level"], Exit.USAGE, "NAME=VALUE"),
        (
            ["photo.png", "--operation", "threshold", "-p", "levle=1"],
            Exit.BAD_INPUT,
            "'levle' (did you mean level?); it takes high",
        ),
        (["photo.png", "--operation", "threshold", "-p", "level=999"], Exit.BAD_INPUT, "level=999"),
        (["photo.png", "--operation", "convert", "--ending", "txt"], Exit.BAD_INPUT, "as in .txt"),
        (["nowhere.png", "--operation", "threshold"], Exit.BAD_INPUT, "there is no file nowhere.png"),
        (["_parameters.json", "--operation", "threshold"], Exit.BAD_INPUT, "another name"),
    ],
)
def test_what_no_worker_could_do_is_not_dropped(
    open_stack: Any, run: Run, photo: Path, home: Path, arguments: list[str], code: Exit, words: str
) -> None:
    (home / "_parameters.json").write_text("{}")
    ran = run("drop", *arguments)
    assert ran.returncode == code
    assert words in ran.stderr
    assert "Contents" not in open_stack.s3.list_objects_v2(Bucket=open_stack.bucket)


def test_an_event_among_the_dead_letters_is_told_as_its_job_and_sent_again(open_stack: Any, run: Run) -> None:
    key = open_stack.drop("stats/a.txt", b"1 2 3")
    received = open_stack.sqs.receive_message(QueueUrl=open_stack.requests, MaxNumberOfMessages=10)
    [event] = [one for one in received["Messages"] if "TestEvent" not in one["Body"]]
    open_stack.sqs.delete_message(QueueUrl=open_stack.requests, ReceiptHandle=event["ReceiptHandle"])
    open_stack.sqs.send_message(QueueUrl=open_stack.dead, MessageBody=event["Body"])

    [letter] = [json.loads(line) for line in run("dead", "list", "--json").stdout.splitlines()]
    assert run("dead", "redrive", letter["id"]).returncode == 0
    open_stack.worker()
    open_stack.until(lambda: seen(run)[key]["state"] == "succeeded", 60)

    assert seen(run)[key]["job"] == letter["id"]


def test_a_folder_without_files_is_told(open_stack: Any, run: Run, home: Path) -> None:
    (home / "empty").mkdir()
    fails(run("drop", "empty", "--operation", "stats"), Exit.BAD_INPUT, "there is no file in empty")
    ran = run("drop", "--status")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "nothing was dropped\n")


def test_what_s3_never_told_of_is_flagged_and_sent_again(stack: Any, run: Run, home: Path) -> None:
    """As in the minutes before a new notification is in force."""
    (home / "n.txt").write_text("1 2 3")
    (home / "m.txt").write_text("4 5 6")
    run("drop", "n.txt", "m.txt", "--operation", "stats")
    key, young = "incoming/stats/n.txt", "incoming/stats/m.txt"
    stack.s3.put_object(
        Bucket=stack.bucket, Key=key, Body=b"1 2 3", ContentType="text/x-numbers", Metadata={"mtime": "7"}
    )
    stack.s3.put_object_tagging(
        Bucket=stack.bucket, Key=key, Tagging={"TagSet": [{"Key": "mine", "Value": "1"}]}
    )
    stack.open_drop_folder()

    stack.age(key, 9)
    assert not any(row["overdue"] for row in seen(run).values())
    assert "nothing has waited for over ten minutes" in run("drop", "--again").stderr
    stack.age(key, 2)
    assert {row["key"] for row in seen(run).values() if row["overdue"]} == {key}
    ran = run("drop", "--status")
    assert f"waiting too long  {key}" in " ".join(ran.stdout.split("\n"))
    assert "jobfleet drop --again" in ran.stderr

    stack.worker()
    ran = run("drop", "--again", "--operation", "stats")

    assert (ran.returncode, ran.stdout.splitlines()) == (0, [key])
    assert "1 file sent again" in ran.stderr
    stack.until(lambda: seen(run)[key]["state"] == "succeeded")
    assert seen(run)[young]["state"] == "waiting"
    head = stack.s3.head_object(Bucket=stack.bucket, Key=key)
    assert (head["ContentType"], head["Metadata"]) == ("text/x-numbers", {"mtime": "7"})
    tags = stack.s3.get_object_tagging(Bucket=stack.bucket, Key=key)["TagSet"]
    assert {"Key": "mine", "Value": "1"} in tags


def test_what_cannot_be_sent_again_is_told_and_the_rest_is_sent(stack: Any, run: Run) -> None:
    frozen = stack.drop("stats/a", b"1 2", StorageClass="GLACIER")
    key = stack.drop("stats/b", b"1 2")
    for one in (frozen, key):
        stack.age(one, 11)

    ran = run("drop", "--again")

    assert (ran.returncode, ran.stdout.splitlines()) == (0, [key])
    assert f"{frozen}: not sent again: it is archived: restore it first" in ran.stderr


def test_what_may_have_been_done_long_ago_is_left_out_and_told(stack: Any, run: Run) -> None:
    old, key = stack.drop("stats/a", b"1 2"), stack.drop("stats/b", b"1 2")
    stack.age(old, 8 * 24 * 60)
    words = "leaves out 1 file put over 7 days ago"

    ran = run("drop", "--again")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert words in ran.stderr
    assert "nothing has waited" not in ran.stderr

    stack.age(key, 11)
    ran = run("drop", "--status")
    assert words in ran.stderr
    assert "note: 1 waited for over ten minutes" in ran.stderr
    ran = run("drop", "--again")
    assert (ran.returncode, ran.stdout.splitlines()) == (0, [key])
    assert "1 file sent again" in ran.stderr
    assert words in ran.stderr


@pytest.mark.parametrize("words", [("--again", "--status"), ("--again", "a"), ("--again", "--ending", ".x")])
def test_again_goes_alone(stack: Any, run: Run, words: tuple[str, ...]) -> None:
    assert run("drop", *words).returncode == 2


def test_an_operation_that_there_is_not_is_told_before_anything_is_dropped(
    open_stack: Any, run: Run, photo: Path
) -> None:
    ran = run("drop", "photo.png", "--operation", "grayscale")
    fails(ran, Exit.NOT_OFFERED, "'grayscale'", "(did you mean greyscale?)")
    ran = run("drop", "photo.png", "--operation", "convert", "--ending", ".jpge")
    fails(ran, Exit.BAD_INPUT, "no format that is written ends in '.jpge' (did you mean .jpeg?)")
    ran = run("drop", "photo.png", "--operation", "convert", "--param", "output-endign=.jpg")
    fails(ran, Exit.BAD_INPUT, "(did you mean output_ending?)")
    assert open_stack.s3.list_objects_v2(Bucket=open_stack.bucket, Prefix="incoming/")["KeyCount"] == 0
