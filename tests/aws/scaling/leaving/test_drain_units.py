"""The units by which a scaler without privileges stops and starts the worker, on a real host."""

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, StrictUndefined

from tests.localcloud_fixture import Hosts
from tests.patience import wait_for
from tests.places import REPOSITORY

TEMPLATES = REPOSITORY / "roles/scaler/templates"
UNITS = "/etc/systemd/system"

# What stands for the worker takes a second to stop, as a worker finishes what it has begun.
WORKER = """
[Service]
ExecStart=/bin/sh -c 'trap "sleep 1; exit 0" TERM; while :; do sleep 0.1; done'
[Install]
WantedBy=multi-user.target
"""


def rendered(name: str) -> dict[str, str]:
    """Return a unit of the role's as a file for cloud-init."""
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - no HTML
    template = environment.from_string((TEMPLATES / f"{name}.j2").read_text())
    return {"path": f"{UNITS}/{name}", "content": template.render()}


@pytest.fixture
def address(hosts: Hosts) -> Any:
    """A host with the units, and a folder for orders that is its first user's, as the scaler's is its own."""
    files = [
        rendered("jobfleet-drain.path"),
        rendered("jobfleet-drain.service"),
        {"path": f"{UNITS}/jobfleet-worker.service", "content": WORKER},
    ]
    commands = [
        "install -d -o admin -g admin /run/jobfleet-scaler",
        "systemctl daemon-reload",
        "systemctl enable --now jobfleet-worker.service jobfleet-drain.path",
    ]
    [instance] = hosts.run(user_data={"write_files": files, "runcmd": commands})
    found = hosts.wait(instance, "running")["PrivateIpAddress"]
    wait_for(lambda: is_active(hosts, found), 60)
    yield found
    hosts.end(instance)


def is_active(hosts: Hosts, address: str) -> bool:
    return hosts.ssh(address, "systemctl is-active jobfleet-worker.service || true") == "active"


def order(hosts: Hosts, address: str, what: str) -> None:
    """Give an order as `leaving.worker_switch` does."""
    folder = Path("/run/jobfleet-scaler")
    hosts.ssh(address, f"printf {what} > {folder}/order.new && mv {folder}/order.new {folder}/order")


def answer(hosts: Hosts, address: str) -> str:
    return hosts.ssh(address, "cat /run/jobfleet-drain/worker 2>/dev/null || true")


def test_the_worker_stops_and_starts_by_orders_and_root_is_led_nowhere(hosts: Hosts, address: str) -> None:
    order(hosts, address, "drain")
    wait_for(lambda: answer(hosts, address) == "drained", 30)
    assert not is_active(hosts, address)
    assert hosts.ssh(address, "ls /run/jobfleet-scaler") == ""

    # Each order is taken, also one that comes while the one before is carried out.
    order(hosts, address, "work")
    wait_for(lambda: is_active(hosts, address), 30)
    assert answer(hosts, address) == ""
    order(hosts, address, "drain")
    order(hosts, address, "work")
    order(hosts, address, "drain")
    wait_for(lambda: answer(hosts, address) == "drained", 30)

    # Whatever else lies there is taken away, and nothing is done by it.
    hosts.ssh(address, "ln -s /etc/hostname /run/jobfleet-scaler/order")
    wait_for(lambda: hosts.ssh(address, "ls /run/jobfleet-scaler") == "", 30)
    hosts.ssh(address, "mkdir /run/jobfleet-scaler/order")
    wait_for(lambda: hosts.ssh(address, "ls /run/jobfleet-scaler") == "", 30)
    assert hosts.ssh(address, "test -s /etc/hostname && echo there") == "there"
    order(hosts, address, "work")
    wait_for(lambda: is_active(hosts, address), 30)
