"""All that the playbooks look at on a host is harmed by hand at once, told of in check mode, and put back."""

from collections.abc import Iterator
from itertools import cycle
from typing import Any

import pytest

from tests.playbooks.conftest import REPOSITORY, Outcome, Stack

# What the look covers at its most, but for text and recognition, which test_parts.py installs.
ALL = {"idle_stop_minutes": 600, "worker_operation_packages": [str(REPOSITORY / "examples/word-count")]}
MENDED = [
    "Ensure the packages are installed",
    "Ensure the user exists",
    "Ensure the folder for configuration and credentials exists",
    "Ensure the host holds the credentials that are in force here",
    "Ensure the folders exist",
    "Ensure the wheel and the pinned versions are on the host",
    "Ensure there is a virtual environment",
    "Ensure this very version is installed",
    "Ensure there is a folder for packages with operations, and for each wheel",
    "Ensure the wheels of operations are on the host",
    "Ensure it is written down which packages with operations there are to be",
    "Ensure these packages with operations are installed, and no others",
    "Ensure the worker knows its bucket and queues",
    "Ensure the service is defined",
    "Ensure the service is enabled and started",
    "Ensure the stop of an idle host is defined",
    "Ensure an idle host stops itself, if that is wanted",
]
SITE_PACKAGES = "/opt/jobfleet/venv/lib/python3.*/site-packages"
UNITS = "/etc/systemd/system"
# What is done by hand to each kind of thing that a look covers. A kind without a harm fails the test.
HARMS = {
    "packages": "dpkg --remove {}",
    "users": "usermod --shell /bin/sh {}",
    "results": "rm -r {}",
    "distributions": f"rm -r {SITE_PACKAGES}/{{}}-*.dist-info",
    "units": f"touch {UNITS}/{{}}",
}
# To paths each in turn.
FOLDER_HARMS = cycle(["chown nobody {}", "chgrp nogroup {}", "chmod o+w {}"])
FILE_HARMS = cycle(["echo more >> {}", "chown nobody {}", "chgrp nogroup {}", "chmod o+w {}", "rm {}"])


@pytest.fixture
def covered(stack: Stack) -> Iterator[dict[str, list[str]]]:
    """What there is to look at on a host that has all of it, by kind."""
    outcome = stack.play("playbooks/configure.yml", **ALL)
    assert outcome.code == 0, outcome.said
    found: dict[str, list[str]] = {}
    for look in looks(outcome):
        for kind, names in look["looked_at"].items():
            found.setdefault(kind, []).extend(names)
    yield found
    stack.deploy("--tags", "worker")


def looks(outcome: Outcome) -> list[dict[str, Any]]:
    """Return what each look at a host found, but that at the credentials, which is not shown.

    Nor is that for the web tier here: nothing of it is to be on this host.
    """
    return [
        result
        for name, hosts in outcome.tasks
        for result in hosts.values()
        if "looked_at" in result and not name.endswith("Look whether the web tier is here")
    ]


def test_all_that_is_looked_at_is_put_back_and_nothing_else_is_touched(
    stack: Stack, covered: dict[str, list[str]]
) -> None:
    stack.on_workers(" && ".join(harms(stack, covered)))

    told = stack.play("playbooks/configure.yml", "--check", "--diff", **ALL)
    done = stack.play("playbooks/configure.yml", **ALL)

    assert told.changed == MENDED, told.said
    assert done.changed == MENDED, done.said
    for look in looks(done):
        assert {kind: look[kind] for kind in look["looked_at"]} == look["looked_at"]
    again = stack.play("playbooks/configure.yml", **ALL)
    assert (again.code, again.changed, again.changes) == (0, [], 0)


def test_packages_are_installed_where_no_lists_are_there_and_one_of_their_suites_is_gone(
    stack: Stack,
) -> None:
    """As on Debian's image within a day of its build, and once Debian has closed its backports."""
    gone = "/etc/apt/sources.list.d/gone.list"
    stack.on_workers(
        "dpkg --remove python3-venv && rm -r /var/lib/apt/lists/* && "
        f"sed -n 's/ bookworm main.*/ bookworm-gone main/p' /etc/apt/sources.list > {gone} && test -s {gone}"
    )

    done = stack.play("playbooks/configure.yml")

    assert done.code == 0, done.said
    assert done.changed == ["Ensure the packages are installed"]
    assert "bookworm-gone" in done.text
    stack.on_workers(f"rm {gone}")


def harms(stack: Stack, covered: dict[str, list[str]]) -> list[str]:
    """Return shell commands that harm each thing that is looked at, and the credentials."""
    [listed] = stack.on_workers(f"ls -d {' '.join(covered['paths'])} --file-type").values()
    folders = {line.rstrip("/") for line in listed.splitlines() if line.endswith("/")}
    # The timer goes on, or systemd would forget jobfleet-idle.service and read it anew anyway.
    commands = [f"systemctl disable {' '.join(covered['units'])}", "systemctl stop jobfleet-worker"]
    for kind, names in covered.items():
        if kind != "paths":
            commands += [HARMS[kind].format(name) for name in names]
    for path in covered["paths"]:
        if path.endswith("/installed.json"):
            commands.append(f"rm {path}")  # all that counts is what is in it
        else:
            commands.append(next(FOLDER_HARMS if path.rstrip("/") in folders else FILE_HARMS).format(path))
    return [*commands, "chmod o+r /etc/jobfleet/credentials"]
