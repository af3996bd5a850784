"""`jobfleet scaling` through the installed entry point, and what others say of a fleet that scales."""

import json
import re
import signal
from datetime import timedelta
from typing import Any

import pytest
from jobfleet.errors import Exit
from jobfleet_scaling.documents.scaling_line import ScalingLine
from jobfleet_scaling.documents.state import Cordon

from tests.client_bench import Jobfleet, says_why
from tests.patience import patience
from tests.scaling_bench import Scaled, decisions, now


@pytest.fixture
def scaled(stack: Any) -> Scaled:
    return Scaled(stack).publish()


def beat(stack: Any, worker: str) -> None:
    body = {"worker": worker, "at": now().isoformat(), "versions": {"jobfleet": "1"}}
    stack.s3.put_object(Bucket=stack.bucket, Key=f"workers/{worker}.json", Body=json.dumps(body).encode())


def test_without_scaling_it_says_how_to_set_it(jobfleet: Jobfleet) -> None:
    ran = jobfleet("scaling")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("scaling  off: set `scaling: {min: 0, max: 6}`")
    assert json.loads(jobfleet("scaling", "--json").stdout)["phase"] == "off"


def test_a_damaged_configuration_is_told_and_not_taken_for_off(jobfleet: Jobfleet, scaled: Scaled) -> None:
    scaled.put("config/scaling.json", b'{"min": 0, "ma')
    ran = jobfleet("scaling")
    assert (ran.returncode, ran.stdout) == (Exit.ERROR, "")
    assert "config/scaling.json in the stack's bucket is damaged" in ran.stderr
    assert "run `ansible-playbook site.yml`" in ran.stderr
    assert "the scaling cannot be read: config/scaling.json" in jobfleet("status").stderr


def test_the_state_a_plot_and_the_last_decisions_are_shown(
    jobfleet: Jobfleet, stack: Any, scaled: Scaled
) -> None:
    beat(stack, "i-1")
    scaled.decide(wanted=2, cordoned={})
    scaled.log(*decisions(30, most=4))
    ran = jobfleet("scaling", "--hours", "0.1")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "scaling  on, between 0 and 6 hosts, launched in Auto Scaling groups\n" in ran.stdout
    assert "now      1 running, 2 wanted, 1 starting\n" in ran.stdout
    assert "decides  i-leader\n" in ran.stdout
    assert "at most  4 (the account's limits leave 4 of the 6 that `scaling` allows)\n" in ran.stdout
    assert "hosts: █ running, ─ wanted; · none\n" in ran.stdout
    table = ran.stdout.splitlines()[-11:]
    assert table[0].split() == [
        "time", "visible", "in", "flight", "need", "wanted", "running", "booting", "leaving", "most", "why",
    ]  # fmt: skip
    assert table[-1].split()[1:] == ["4", "2", "1.4", "2", "1", "1", "0", "4", "need", "1.4"]
    plain = jobfleet("scaling", PYTHONIOENCODING="ascii:backslashreplace").stdout
    assert "hosts: # running, - wanted; _ none\n" in plain


def test_machines_get_the_state_with_its_lines(jobfleet: Jobfleet, stack: Any, scaled: Scaled) -> None:
    beat(stack, "i-1")
    beat(stack, "i-2")
    scaled.decide(wanted=1, cordoned={"i-2": Cordon(now(), "idle")})
    scaled.log(*decisions(3, booting=0))
    found = json.loads(jobfleet("scaling", "--json").stdout)
    names = ("phase", "min", "max", "mode", "wanted", "running", "booting", "leaving", "leader", "cap")
    assert [found[name] for name in names] == ["running", 0, 6, "groups", 1, 2, 0, 1, "i-leader", 6]
    assert [line["event"] for line in found["lines"]] == ["decided"] * 3


def test_following_goes_on_when_aws_fails_for_a_while(jobfleet: Jobfleet, stack: Any, scaled: Scaled) -> None:
    scaled.log(ScalingLine(now(), "i-leader", "launched", host="i-7"))
    process = jobfleet.start("scaling", "--follow", "--json", "--interval", "1")
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["host"] == "i-7"
    stack.front.fails = lambda call: call == "GET "  # a listing
    assert "trying again for 10 min" in process.stderr.readline()
    stack.front.fails = lambda call: False
    scaled.log(ScalingLine(now(), "i-leader", "ended", host="i-7"))
    assert json.loads(process.stdout.readline())["event"] == "ended"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=patience(60))
    assert process.returncode == 0


def test_the_log_is_printed_line_by_line_and_followed(jobfleet: Jobfleet, scaled: Scaled) -> None:
    scaled.log(ScalingLine(now() - timedelta(minutes=9), "i-leader", "launched", "need 1.4", host="i-7"))
    ran = jobfleet("scaling", "--log")
    assert ran.stdout.endswith("  i-leader  launched  i-7  need 1.4\n")
    assert "look further back" in jobfleet("scaling", "--log", "--hours", "0.01").stderr
    process = jobfleet.start("scaling", "--follow", "--json", "--interval", "1")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["host"] == "i-7"
    scaled.log(ScalingLine(now(), "i-leader", "ended", host="i-7"))
    assert json.loads(process.stdout.readline())["event"] == "ended"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=patience(60))
    assert process.returncode == 0


def test_a_terminal_has_a_live_view(jobfleet: Jobfleet, scaled: Scaled) -> None:
    code, shown = jobfleet.at_terminal("scaling", "--follow", "--interval", "1", until="Ctrl-C ends it")
    assert code == 0
    assert "asleep, wakes when a job comes" in shown
    assert "Traceback" not in shown


def test_status_says_that_the_fleet_is_asleep_and_warns_of_nothing(
    jobfleet: Jobfleet, stack: Any, scaled: Scaled
) -> None:
    ran = jobfleet("status")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "scaling      asleep, wakes when a job comes (min 0, max 6)\n" in ran.stdout
    assert json.loads(jobfleet("status", "--json").stdout)["scaling"]["phase"] == "asleep"
    scaled.log(ScalingLine(now(), "i-leader", "refused", "VcpuLimitExceeded: 32 are in use"))
    stack.sqs.send_message(QueueUrl=stack.requests, MessageBody="x")
    said = jobfleet("status").stderr
    told = "VcpuLimitExceeded: 32 are in use; the scaler tries again"
    assert re.fullmatch(rf"warning: AWS refused to start a host .+: {told}\n", said)


def test_status_tells_how_many_run_start_and_leave(jobfleet: Jobfleet, stack: Any, scaled: Scaled) -> None:
    beat(stack, "i-1")
    beat(stack, "i-2")
    scaled.decide(wanted=4, cordoned={"i-2": Cordon(now())})
    assert "scaling      2 running, 4 wanted, 3 starting, 1 leaving" in jobfleet("status").stdout


def test_dropped_files_wake_the_fleet_too(jobfleet: Jobfleet, scaled: Scaled) -> None:
    scaled.publish(paused=True)
    (jobfleet.home / "a.png").write_bytes(b"x")
    ran = jobfleet("drop", "a.png", "--operation", "greyscale")
    assert ran.returncode == 0
    assert ran.stderr.endswith("no worker runs, as the stack is stopped: start it with "
                               "`ansible-playbook playbooks/start.yml`\n")  # fmt: skip


def test_an_old_log_that_is_asked_for_is_bounded(jobfleet: Jobfleet) -> None:
    says_why(jobfleet("scaling", "--hours", "169"), Exit.USAGE, "169", "x<=168")


def test_advice_is_of_the_stack_s_own_week(jobfleet: Jobfleet, scaled: Scaled) -> None:
    scaled.log(*decisions(400, every=600.0, visible=0, in_flight=0, done=0))
    ran = jobfleet("scaling", "--advise")
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "too little is known for advice: 0 jobs came in the last week, and 100 are needed" in ran.stderr
    scaled.log(*decisions(300, visible=3, in_flight=3, done=2))
    found = json.loads(jobfleet("scaling", "--advise", "--json").stdout)
    assert found["all_jobs"] >= 2 * 299  # and what the queue held more between the lines of both logs
    assert found["now"]["maximum"] == 6
    table = jobfleet("scaling", "--advise", "--price", "1")
    assert table.stdout.splitlines()[1].startswith("{min: 0, max: 6, window: 120, clear: 60}")
    assert "note: the log knows less than a day" not in table.stderr


def test_without_scaling_there_is_nothing_to_advise(jobfleet: Jobfleet) -> None:
    assert "the stack does not scale" in jobfleet("scaling", "--advise").stderr
