"""`jobfleet doctor` through the installed entry point: each link whole, and each broken once."""

import json
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from jobfleet.errors import Exit
from jobfleet_jobs.version import __version__
from jobfleet_scaling.documents.scaling_line import ScalingLine

from tests.aws.front import FORBIDDEN_SQS, Answer
from tests.client_bench import Jobfleet
from tests.scaling_bench import Scaled, decisions, now

LINKS = [
    "variables file", "settings", "credentials found", "AWS reached", "credentials accepted",
    "stack deployed", "bucket read", "bucket written", "reply queue", "scaling", "workers", "a job",
]  # fmt: skip
STS_REFUSAL = "<ErrorResponse><Error><Code>{}</Code><Message>no</Message></Error></ErrorResponse>"


def examined(jobfleet: Jobfleet, *arguments: str, **changes: str) -> dict[str, dict[str, Any]]:
    """What `doctor --json` tells, by link; the exit code is told twice alike, and nothing is said besides."""
    ran = jobfleet("doctor", "--json", *arguments, **changes)
    found = json.loads(ran.stdout)
    assert (found["exit"], ran.stderr) == (ran.returncode, "")
    links = {link["name"]: link for link in found["links"]}
    assert list(links) == LINKS
    return links


def broken(links: dict[str, dict[str, Any]], name: str, code: Exit) -> str:
    """The words of the link `name`, which is the one that is broken, with all after it skipped."""
    at = LINKS.index(name)
    assert (links[name]["state"], links[name]["exit"]) == ("broken", code), links
    assert "broken" not in [links[before]["state"] for before in LINKS[:at]]
    assert {links[after]["state"] for after in LINKS[at + 1 :]} <= {"skipped"}
    return str(links[name]["words"])


def sign(stack: Any, worker: str = "i-1", minutes_ago: float = 0, **more: Any) -> None:
    """Leave a worker's heartbeat."""
    at = datetime.now(UTC) - timedelta(minutes=minutes_ago)
    body = {"worker": worker, "at": at.isoformat(), "versions": {"jobfleet": __version__}, **more}
    stack.s3.put_object(Bucket=stack.bucket, Key=f"workers/{worker}.json", Body=json.dumps(body).encode())


def refused(code: str, **headers: str) -> Answer:
    return 403, list(headers.items()), STS_REFUSAL.format(code).encode()


def test_where_all_is_well_every_link_is_tested_and_nothing_is_left_behind(
    jobfleet: Jobfleet, stack: Any
) -> None:
    stack.worker()
    stack.until(lambda: "PUT workers/w1.json" in stack.front.calls)
    file = jobfleet.home / "all.yml"
    file.write_text("stack_name: x\n")
    links = examined(jobfleet, "--vars", "all.yml")
    assert [(name, link["words"]) for name, link in links.items() if link["state"] != "ok"] == []
    assert "account 123456789012" in links["credentials accepted"]["words"]
    assert "mean of 1 2 3 is 2, from w1: sent in " in links["a job"]["words"]
    assert all(links[name]["seconds"] > 0 for name in LINKS[4:])
    queues = stack.sqs.list_queues(QueueNamePrefix=stack.names.replies_prefix)["QueueUrls"]
    assert queues == [stack.replies]
    assert "Contents" not in stack.s3.list_objects_v2(Bucket=stack.bucket, Prefix="uploads/")


def test_people_get_a_line_a_link(jobfleet: Jobfleet, stack: Any) -> None:
    ran = jobfleet("doctor", "--no-write")
    lines = ran.stdout.splitlines()
    assert len(lines) == len(LINKS)
    assert lines[1].startswith("✓ settings              stack ")
    assert lines[-2].startswith("✗ workers               no worker has sent a heartbeat yet, or ")
    assert lines[-1] == "– a job                 not tested"  # noqa: RUF001
    assert ran.returncode == Exit.NO_ANSWER
    assert jobfleet("doctor", "--no-write", PYTHONIOENCODING="ascii").stdout.splitlines()[-1][:2] == "- "


def test_colours_are_for_terminals_that_want_them(jobfleet: Jobfleet, stack: Any) -> None:
    arguments = ("doctor", "--no-write", "--quiet")
    assert "\x1b[32m✓" in jobfleet.at_terminal(*arguments)[1]
    assert "\x1b[3" not in jobfleet.at_terminal(*arguments, NO_COLOR="1")[1]


def test_nothing_is_written_where_that_is_not_wanted(jobfleet: Jobfleet, stack: Any) -> None:
    sign(stack)
    links = examined(jobfleet, "--no-write")
    for name in ("bucket written", "reply queue", "a job"):
        assert links[name]["state"] == "skipped"
    assert links["workers"]["state"] == "ok"
    wrote = ("CreateQueue", "SendMessage", "PUT", "DELETE")
    assert not [call for call in stack.front.calls if call.startswith(wrote)]


def test_a_variables_file_that_is_not_there(jobfleet: Jobfleet) -> None:
    words = broken(examined(jobfleet, "--vars", "none.yml"), "variables file", Exit.SETTINGS)
    assert "none.yml cannot be read: No such file" in words


def test_no_stack_named(jobfleet: Jobfleet) -> None:
    words = broken(examined(jobfleet, JOBFLEET_STACK=""), "settings", Exit.SETTINGS)
    assert "give --stack" in words


def test_no_credentials(jobfleet: Jobfleet) -> None:
    nothing = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    words = broken(examined(jobfleet, **nothing), "credentials found", Exit.CREDENTIALS)
    assert "put them in ~/.aws/credentials" in words


def test_nobody_there(jobfleet: Jobfleet) -> None:
    links = examined(jobfleet, AWS_ENDPOINT_URL="http://127.0.0.1:9")
    assert "http://127.0.0.1:9 cannot be reached" in broken(links, "AWS reached", Exit.UNREACHABLE)


def test_aws_itself_fails(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.fails = lambda call: call == "GetCallerIdentity"
    assert "try again" in broken(examined(jobfleet), "AWS reached", Exit.UNREACHABLE)


def test_credentials_that_have_expired(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.expired_keys = {"key"}
    words = broken(examined(jobfleet), "credentials accepted", Exit.CREDENTIALS)
    assert "have expired: get new ones" in words


def test_credentials_of_a_lab_whose_session_has_ended(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.cancelled_keys = {"key"}
    words = broken(examined(jobfleet), "credentials accepted", Exit.CREDENTIALS)
    assert "the lab's session has ended" in words


def test_a_wrong_key(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.answers = lambda call: refused("InvalidClientTokenId") if "Identity" in call else None
    words = broken(examined(jobfleet), "credentials accepted", Exit.CREDENTIALS)
    assert "does not accept the credentials (InvalidClientTokenId)" in words


def test_a_wrong_clock_is_told_from_a_wrong_key(jobfleet: Jobfleet, stack: Any) -> None:
    there = format_datetime(datetime.now(UTC) + timedelta(minutes=17), usegmt=True)
    sqs = (403, [("Date", there)], b'{"__type":"com.amazonaws.sqs#SignatureDoesNotMatch","message":"no"}')
    sts = refused("SignatureDoesNotMatch", Date=there)
    stack.front.answers = lambda call: sts if call == "GetCallerIdentity" else sqs
    words = broken(examined(jobfleet), "credentials accepted", Exit.CREDENTIALS)
    assert re.search(r"this machine's clock is 1[67] min( \d+ s)? slow: set it", words)
    assert "clock" in jobfleet("stats", "1").stderr  # every command says so


def test_no_queues(jobfleet: Jobfleet, stack: Any) -> None:
    links = examined(jobfleet, JOBFLEET_STACK="another")
    words = broken(links, "stack deployed", Exit.NOT_DEPLOYED)
    assert "stack 'another' is not deployed in account 123456789012" in words


def test_a_region_that_is_not_allowed(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.forbids = lambda call: call == "GetQueueUrl"
    words = broken(examined(jobfleet), "stack deployed", Exit.NOT_ALLOWED)
    assert "A Learner Lab allows us-east-1 and us-west-2 only" in words


def test_no_bucket(jobfleet: Jobfleet, stack: Any) -> None:
    stack.s3.delete_bucket(Bucket=stack.bucket)
    words = broken(examined(jobfleet), "bucket read", Exit.NOT_DEPLOYED)
    assert f"no bucket {stack.bucket}" in words
    named = examined(jobfleet, "--bucket", "some-other")
    assert "leave --bucket out" in broken(named, "bucket read", Exit.BAD_INPUT)


def test_somebody_else_s_bucket(jobfleet: Jobfleet, stack: Any) -> None:
    stack.front.answers = lambda call: (403, [], b"") if call == "HEAD " else None
    words = broken(examined(jobfleet), "bucket read", Exit.NOT_ALLOWED)
    assert "it is another account's" in words


def test_a_read_only_credential(jobfleet: Jobfleet, stack: Any) -> None:
    xml = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    stack.front.answers = lambda call: (403, [], xml) if call.startswith("PUT uploads/") else None
    words = broken(examined(jobfleet), "bucket written", Exit.NOT_ALLOWED)
    assert "do not allow PutObject" in words


def test_what_works_but_could_be_better_is_noted(jobfleet: Jobfleet, stack: Any) -> None:
    stack.worker()
    stack.until(lambda: "PUT workers/w1.json" in stack.front.calls)
    xml = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
    stack.front.answers = lambda call: (
        (403, [], xml) if call.startswith("DELETE uploads/")
        else (403, [], FORBIDDEN_SQS) if call == "CreateQueue" else None
    )  # fmt: skip
    description = {"version": f"{__version__}+0123", "limits": {"max_input_bytes": 5_000_000}}
    stack.s3.put_object(Bucket=stack.bucket, Key="config/stack.json", Body=json.dumps(description).encode())
    links = examined(jobfleet)
    notes = {name: link["words"] for name, link in links.items() if link["state"] == "note"}
    assert list(notes) == ["bucket written", "reply queue", "workers"]
    assert "may not delete it" in notes["bucket written"]
    assert "results come from the bucket" in notes["reply queue"]
    assert "the last deployment was" in notes["workers"]
    assert "inputs of up to 5.0 MB" in links["bucket read"]["words"]
    assert links["a job"]["state"] == "ok"


@pytest.mark.parametrize(
    ("signs", "words"),
    [
        (
            [],
            "no worker has sent a heartbeat yet, or those of the last ones have expired: start the instances",
        ),
        (
            [{"minutes_ago": 60}],
            "no worker is alive; i-1 sent its last heartbeat 1 h ago: start",
        ),
        ([{"minutes_ago": 1, "stopped": True}], "i-1 was stopped 1 min ago"),
        ([{"paused": "credentials"}], "worker i-1 is alive, but paused: AWS refuses its credentials"),
    ],
)
def test_no_worker(jobfleet: Jobfleet, stack: Any, signs: list[dict[str, Any]], words: str) -> None:
    for one in signs:
        sign(stack, **one)
    assert words in broken(examined(jobfleet, "--no-write"), "workers", Exit.NO_ANSWER)


def test_workers_of_another_version_are_noted(jobfleet: Jobfleet, stack: Any) -> None:
    sign(stack, versions={"jobfleet": "0.0.1"})
    link = examined(jobfleet, "--no-write")["workers"]
    assert link["state"] == "note"
    assert "of version 0.0.1; this client is" in link["words"]
    sign(stack, "i-2")
    assert "of different versions (0.0.1, " in examined(jobfleet, "--no-write")["workers"]["words"]


def test_a_worker_that_does_not_answer(jobfleet: Jobfleet, stack: Any) -> None:
    sign(stack)
    words = broken(examined(jobfleet, "--timeout", "1"), "a job", Exit.NO_ANSWER)
    assert "no worker answered within 1 s" in words


def test_a_worker_with_credentials_from_before_the_client_s_were_renewed(
    jobfleet: Jobfleet, stack: Any
) -> None:
    file = jobfleet.home / "credentials"
    file.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = s\naws_session_token = t\n")
    mine = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    sign(stack, credentials_age=600)
    links = examined(jobfleet, "--timeout", "1", **mine)
    assert links["workers"]["state"] == "note"
    renewal = "run `ansible-playbook playbooks/credentials.yml`"
    for name in ("workers", "a job"):
        assert "the credentials of worker i-1 are 10 min old, and yours were written" in links[name]["words"]
        assert renewal in links[name]["words"]
    answer = jobfleet("stats", "1", "2", "--timeout", "1", **mine)
    assert answer.returncode == Exit.NO_ANSWER
    assert "1 worker was alive a moment ago, but the credentials of worker i-1 are" in answer.stderr
    assert renewal in answer.stderr
    sign(stack, minutes_ago=4, credentials_age=600)
    assert renewal in jobfleet("status", **mine).stderr
    # Workers that got what the client has, or later ones, are not suspected.
    sign(stack, credentials_age=0)
    assert "credentials.yml" not in str(examined(jobfleet, "--no-write", **mine)["workers"])


def test_a_profile_that_is_not_there(jobfleet: Jobfleet, tmp_path: Path) -> None:
    words = broken(examined(jobfleet, "--profile", "lap"), "credentials found", Exit.CREDENTIALS)
    assert "there is no AWS profile 'lap'" in words


def test_scaling_is_looked_at_where_the_stack_scales(jobfleet: Jobfleet, stack: Any) -> None:
    assert examined(jobfleet, "--no-write")["scaling"]["words"] == "off: the stack does not scale"
    scaled = Scaled(stack).publish()
    links = examined(jobfleet, "--no-write")
    assert (links["scaling"]["state"], links["scaling"]["words"]) == ("ok", "asleep, wakes when a job comes")
    assert links["workers"]["state"] == "note"
    assert "the fleet is asleep, and wakes when a job comes" in links["workers"]["words"]
    scaled.log(ScalingLine(now(), "i-leader", "refused", "VcpuLimitExceeded: 32 are in use"))
    words = examined(jobfleet, "--no-write")["scaling"]["words"]
    assert re.search(r"AWS refused to start a host .+: VcpuLimitExceeded: 32 are in use", words)


@pytest.mark.parametrize(("code", "may"), [("AccessDenied", False), ("ValidationError", True)])
def test_whether_the_fleet_may_be_woken_is_tried_without_waking_it(
    jobfleet: Jobfleet, stack: Any, code: str, may: bool
) -> None:
    Scaled(stack).publish()
    stack.front.answers = lambda call: refused(code) if call == "SetDesiredCapacity" else None
    sign(stack)
    ran = jobfleet("doctor", "--json", "--timeout", "1")
    links = {link["name"]: link for link in json.loads(ran.stdout)["links"]}
    assert stack.front.calls.count("SetDesiredCapacity") == 1
    assert ("these credentials may not start a host" in links["scaling"]["words"]) != may


def test_a_leader_that_writes_no_decisions_is_told(jobfleet: Jobfleet, stack: Any) -> None:
    scaled = Scaled(stack).publish()
    scaled.decide(wanted=1)
    sign(stack)
    words = examined(jobfleet, "--no-write")["scaling"]["words"]
    assert "i-leader holds the lease, and writes no decisions: there is none in the log" in words
    scaled.log(*decisions(1))
    assert "holds the lease" not in examined(jobfleet, "--no-write")["scaling"]["words"]
