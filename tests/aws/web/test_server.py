"""The process: how it starts, what it tells systemd, how it stops."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.faults.processes import Systemd
from tests.patience import patience, wait_for
from tests.places import REPOSITORY
from tests.web_process import TOKEN, StartWeb

UPLOAD = "/api/v1/upload?operation=stats"
BEARER = f"Authorization: Bearer {TOKEN}\r\n".encode()


def test_it_tells_systemd_when_it_answers_that_it_lives_and_that_it_stops(
    start_web: StartWeb, systemd: Systemd
) -> None:
    told = {"NOTIFY_SOCKET": str(systemd.path), "WATCHDOG_USEC": "300000"}
    web = start_web(environment=told)
    wait_for(lambda: systemd.turns() >= 3, 20, lambda: systemd.heard)
    assert systemd.heard[0] == "READY=1"
    assert requests.get(f"{web.url}/nowhere", timeout=patience(20)).status_code == 404
    assert web.stop() == 0
    wait_for(lambda: "STOPPING=1" in systemd.heard, 10, lambda: systemd.heard)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_well_when_it_is_asked_to(start_web: StartWeb, sign: signal.Signals) -> None:
    web = start_web()
    web.process.send_signal(sign)
    assert web.process.wait(patience(20)) == 0
    assert [bool(web.lines(event)) for event in ("started", "stopping", "stopped")] == [True] * 3


def test_idle_connections_do_not_hold_the_stop_up(start_web: StartWeb) -> None:
    web = start_web(stop_timeout=3600)
    idle = [web.connect() for _ in range(5)]
    idle[0].sendall(b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n" + BEARER + b"\r\n")
    assert idle[0].recv(12) == b"HTTP/1.1 404"
    assert web.stop() == 0
    for one in idle:
        one.close()


def test_whoever_was_let_in_just_before_the_stop_is_answered(start_web: StartWeb) -> None:
    web = start_web()
    request = b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n" + BEARER + b"\r\n"
    with web.connect() as early, web.connect() as other:
        other.sendall(request)
        assert other.recv(12) == b"HTTP/1.1 404"  # the one that came before it was let in, too
        web.process.send_signal(signal.SIGTERM)
        wait_for(lambda: web.lines("stopping"), 20, web.log)
        early.sendall(request)
        assert early.recv(12) == b"HTTP/1.1 404"
    assert web.process.wait(patience(20)) == 0


def test_a_held_request_is_answered_before_the_process_ends(start_web: StartWeb, stack: Any) -> None:
    web = start_web(stop_timeout=4)
    answers: list[requests.Response] = []

    def send() -> None:
        answers.append(requests.post(f"{web.url}{UPLOAD}", files={"f": b"1 2 3"}, timeout=patience(30)))

    sender = threading.Thread(target=send)
    sender.start()
    stack.until(lambda: stack.waiting(stack.requests) == 1)
    assert web.stop() == 0
    sender.join(patience(20))
    (answer,) = answers
    assert (answer.status_code, answer.json()["jobs"][0]["status"]) == (202, "waiting")
    assert web.lines("stopping")[0]["held"] == 1


def test_a_held_request_whose_answer_comes_meanwhile_has_it(
    start_web: StartWeb, stack: Any, bench: Callable[..., Any]
) -> None:
    web = start_web(stop_timeout=60)
    answers: list[requests.Response] = []

    def send() -> None:
        answers.append(requests.post(f"{web.url}{UPLOAD}", files={"f": b"1 2 3"}, timeout=patience(30)))

    sender = threading.Thread(target=send)
    sender.start()
    stack.until(lambda: stack.waiting(stack.requests) == 1)
    web.process.send_signal(signal.SIGTERM)
    wait_for(lambda: web.lines("stopping"), 20, web.log)
    bench().start()
    assert web.process.wait(patience(30)) == 0
    sender.join(patience(20))
    assert (answers[0].status_code, answers[0].json()["jobs"][0]["result"]["mean"]) == (200, 2)


def test_a_socket_that_systemd_opened_is_answered_on(start_web: StartWeb, stack: Any, tmp_path: Path) -> None:
    start_web("--version").process.wait(patience(20))  # writes the settings
    path = str(tmp_path / "http.sock")
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    # As systemd does: the socket is file descriptor 3, LISTEN_PID the process itself.
    code = (
        "import os, sys; os.dup2(int(sys.argv[1]), 3); os.environ.update(LISTEN_PID=str(os.getpid()), "
        "LISTEN_FDS='1'); os.execv(sys.executable, [sys.executable, '-m', 'jobfleet_web', *sys.argv[2:]])"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(listening.fileno()), "--config", str(tmp_path / "web.toml")],
        cwd=REPOSITORY, env=stack.environment, pass_fds=[listening.fileno(), 3] if _is_open(3) else
        [listening.fileno()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    stack.processes.append(process)
    listening.close()
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(patience(20))
        # It waits in the backlog until the process is there: a restart refuses nobody.
        connection.connect(path)
        connection.sendall(
            b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\nX-Real-IP: 198.51.100.9\r\n" + BEARER + b"\r\n"
        )
        assert connection.recv(12) == b"HTTP/1.1 404"
    process.send_signal(signal.SIGTERM)
    assert process.wait(patience(20)) == 0
    assert Path(path).exists()


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"token_file": "/nowhere/token"}, "token_file /nowhere/token cannot be read"),
        ({"token_file": ""}, "open_to_all_without_token"),
        ({"waiting_mx": 3}, "did you mean waiting_max?"),
    ],
)
def test_settings_that_cannot_be_are_one_sentence_and_exit_code_78(
    start_web: StartWeb, tmp_path: Path, change: dict[str, Any], words: str
) -> None:
    web = start_web("--bind", "127.0.0.1:0", **change)
    assert web.process.wait(patience(20)) == 78
    assert words in web.log()
    assert len(web.log().splitlines()) == 1


def test_an_address_that_is_taken_is_told(start_web: StartWeb) -> None:
    first = start_web()
    second = start_web("--bind", f"127.0.0.1:{first.port}")
    assert second.process.wait(patience(20)) == 78
    assert f"cannot listen on 127.0.0.1:{first.port}" in second.log()


def test_a_stream_of_events_ends_at_once_and_as_a_browser_expects(start_web: StartWeb) -> None:
    web = start_web(stop_timeout=3600)
    batch = requests.post(f"{web.url}/api/v1/batches", timeout=patience(20)).json()["batch"]
    with web.connect() as stream:
        stream.sendall(b"GET /api/v1/batches/%b/events HTTP/1.1\r\nHost: localhost\r\n" % batch.encode())
        stream.sendall(BEARER + b"\r\n")
        found = b""
        while b"retry:" not in found and (piece := stream.recv(65_536)):
            found += piece
        assert web.stop() == 0
        while piece := stream.recv(65_536):
            found += piece
    assert found.endswith(b"\r\n0\r\n\r\n")
    assert web.lines("mistake") == []
