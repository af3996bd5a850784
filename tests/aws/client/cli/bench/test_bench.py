"""`jobfleet bench` through the installed entry point: over HTTP, and through the queue with a worker."""

import csv
import json
from pathlib import Path
from typing import Any

from jobfleet.errors import Exit
from jobfleet_jobs.protocol.names import DESCRIPTION_KEY, WEB_ACCESS_KEY

from tests.client_bench import Jobfleet, says_why
from tests.known_server import KnownServer
from tests.ports import refusing_port

TOKEN = "x3J-a_token_of_32_bytes_as_text_0123456789A"  # noqa: S105 - of no page


def report_of(ran: Any) -> Any:
    """The one JSON object that a command printed."""
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_two_addresses_are_measured_and_compared(
    jobfleet: Jobfleet, known: KnownServer, tmp_path: Path
) -> None:
    one, two = f"{known.url}/cluster1", f"{known.url}/cluster2"
    ran = jobfleet(
        "bench", "http", one, two, "--requests", "120", "--clients", "1", "4", "--warm-up", "5",
        "--csv", str(tmp_path / "all.csv"), "--plots", str(tmp_path / "plots"),
    )  # fmt: skip
    assert (ran.returncode, known.count("/cluster1"), known.count("/cluster2")) == (0, 246, 246), ran.stderr
    assert ran.stdout.count("120 requests, 4 clients") >= 6
    assert "as measured" in ran.stdout
    assert "i-cluster1-0" in ran.stdout
    assert "own CPU" in ran.stdout
    # No progress on a pipe: only notes, and where the files are.
    assert all(line.startswith(("note: ", "samples: ", "plots: ")) for line in ran.stderr.splitlines())
    with (tmp_path / "all.csv").open(newline="") as file:
        assert len(list(csv.reader(file))) == 1 + 480
    assert len(list((tmp_path / "plots").iterdir())) == 6


def test_the_report_is_one_json_object(jobfleet: Jobfleet, known: KnownServer) -> None:
    ran = jobfleet(
        "bench", "http", f"{known.url}/cluster1", "--rate", "200", "--requests", "150", "--warm-up", "0",
        "--json", "--share-by", "group",
    )  # fmt: skip
    (figures,) = report_of(ran)["figures"]
    assert (figures["requests"], figures["succeeded"], figures["loop"]) == (150, 150, "open, 200/s")
    assert figures["share"] == {"cluster1": 150}
    assert figures["corrected"]["percentiles"]["p50"]["value"] > 0
    assert figures["bytes"] == 150 * len(b'{"instance": "i-cluster1-0", "group": "cluster1"}')


def test_what_fails_is_told_by_kind_and_a_run_without_any_success_ends_so(
    jobfleet: Jobfleet, known: KnownServer
) -> None:
    ran = jobfleet("bench", "http", f"{known.url}/503", "--requests", "10")
    assert (ran.returncode, "status 503 10" in ran.stdout) == (Exit.JOB_FAILED, True)
    assert "answers with status 503, which counts as failed" in ran.stderr
    assert "no request succeeded" in ran.stderr.splitlines()[-1]


def test_nobody_there_is_told_at_once(jobfleet: Jobfleet) -> None:
    with refusing_port() as port:
        ran = jobfleet("bench", "http", f"http://127.0.0.1:{port}/")
    says_why(ran, Exit.UNREACHABLE, "cannot be reached, so nothing was measured: connection refused")


def test_what_cannot_be_meant_is_told(jobfleet: Jobfleet, known: KnownServer) -> None:
    for arguments, words in (
        ((), "Give 1 to 10 URLs"),
        (("ftp://x/",), "is no URL"),
        (("http://",), "is no URL"),
        ((known.url, known.url), "Give each URL once"),
        ((known.url, "--header", "no colon"), "'Name: value'"),
        ((known.url, "--method", "get it"), "is no method"),
        ((known.url, "--clients", "0"), "whole numbers above 0"),
    ):
        ran = jobfleet("bench", "http", *arguments)
        assert (ran.returncode, words in ran.stderr) == (Exit.USAGE, True), ran.stderr
    assert known.asked == []


def test_ctrl_c_ends_with_a_report_of_what_was_measured(jobfleet: Jobfleet, known: KnownServer) -> None:
    code, shown = jobfleet.at_terminal(
        "bench", "http", f"{known.url}/cluster1", "--requests", "1000000", "--warm-up", "0",
        until="1000000", when=lambda: known.count("/cluster1") > 50,
    )  # fmt: skip
    assert code == Exit.INTERRUPTED
    assert "own CPU" in shown
    assert "requests were under way when it ended" in shown
    assert 0 < known.count("/cluster1") < 1_000_000


def publish(stack: Any, *urls: str) -> None:
    """Let the bucket tell of a page, and of its token."""
    web = [{"url": url, "host": "i-1"} for url in urls]
    body = json.dumps({"version": "1", "web": web}).encode()
    stack.s3.put_object(Bucket=stack.bucket, Key=DESCRIPTION_KEY, Body=body)
    stack.s3.put_object(Bucket=stack.bucket, Key=WEB_ACCESS_KEY, Body=json.dumps({"token": TOKEN}).encode())


def test_the_token_goes_to_the_stack_s_own_addresses(
    jobfleet: Jobfleet, known: KnownServer, stack: Any
) -> None:
    publish(stack, known.url)
    ran = jobfleet(
        "bench", "http", f"{known.url}/cluster1", "--token-from-stack", "--requests", "3", "--warm-up", "0",
        "--json",
    )  # fmt: skip
    assert {headers["Authorization"] for _, _, headers, _ in known.asked} == {f"Bearer {TOKEN}"}
    assert TOKEN not in ran.stdout + ran.stderr


def test_the_token_goes_to_no_other(jobfleet: Jobfleet, known: KnownServer, stack: Any) -> None:
    publish(stack, "http://203.0.113.7")
    ran = jobfleet("bench", "http", f"{known.url}/cluster1", "--token-from-stack")
    assert ran.returncode != 0
    assert known.asked == []
    assert TOKEN not in ran.stdout + ran.stderr


def test_jobs_go_through_the_queue_and_are_timed(jobfleet: Jobfleet, stack: Any) -> None:
    stack.worker()
    ran = jobfleet(
        "bench", "jobs", "--operation", "greyscale", "--concurrency", "1", "3", "--requests", "6", "--json"
    )
    first, second = report_of(ran)["figures"]
    assert [(one["requests"], one["succeeded"], one["loop"]) for one in (first, second)] == [
        (6, 6, "closed, 1 client"), (6, 6, "closed, 3 clients"),
    ]  # fmt: skip
    assert first["share"] == {"w1": 6}
    assert first["bytes"] > 6 * 1_000
    assert stack.waiting(stack.requests) == 0


def test_jobs_without_an_answer_are_told_before_anything_is_measured(jobfleet: Jobfleet) -> None:
    ran = jobfleet("bench", "jobs", "--timeout", "0.5", "--requests", "1")
    says_why(ran, Exit.NO_ANSWER, "within 0.5 s")
