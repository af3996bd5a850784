"""`localcloud spot-notice` on a real host: what it is told, and that it goes then."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud_fixture import Hosts, client_of, localcloud_command, parse_env

# Two minutes take twenty seconds: time for a host on a busy machine to look.
SCALE = 6

LOOK = """python3 - <<'end'
import json, os, urllib.error, urllib.request
BASE = os.environ["AWS_EC2_METADATA_SERVICE_ENDPOINT"] + "latest/"
def ask(method, path, name, value):
    request = urllib.request.Request(BASE + path, method=method, headers={name: value})
    try:
        with urllib.request.urlopen(request) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, ""]
_, token = ask("PUT", "api/token", "X-aws-ec2-metadata-token-ttl-seconds", "60")
paths = ("spot/instance-action", "spot/termination-time", "events/recommendations/rebalance")
print(json.dumps([ask("GET", "meta-data/" + path, "X-aws-ec2-metadata-token", token) for path in paths]))
end"""


@pytest.fixture
def cloud(tmp_path: Path, hosts: Hosts) -> Iterator[dict[str, str]]:
    """A cloud whose clock is faster. `hosts` makes sure that hosts can be booted."""
    run = tmp_path / "run"
    up = localcloud_command("up", "--time-scale", str(SCALE), run=run)
    assert up.returncode == 0, up.stderr
    yield parse_env(localcloud_command("env", run=run).stdout) | {"LOCALCLOUD_RUN": str(run)}
    down = localcloud_command("down", run=run)
    assert down.returncode == 0, down.stderr


def test_a_spot_instance_is_told_and_then_taken_back(cloud: dict[str, str], hosts: Hosts) -> None:
    with closing(client_of(cloud, "ec2")) as ec2:
        key = (hosts.folder / "user.pub").read_bytes()
        ec2.import_key_pair(KeyName="localcloud-tests", PublicKeyMaterial=key)
        here = Hosts(ec2, hosts.folder)
        (instance,) = here.run(InstanceMarketOptions={"MarketType": "spot"})
        address = here.wait(instance, "running")["PublicIpAddress"]
        assert here.describe(instance)["InstanceLifecycle"] == "spot"

        def look() -> Any:
            return json.loads(here.ssh(address, LOOK))

        def notice() -> tuple[int, str]:
            done = localcloud_command("spot-notice", instance, run=Path(cloud["LOCALCLOUD_RUN"]))
            return done.returncode, done.stderr

        assert look() == [[404, ""]] * 3
        told = notice()
        (_, action), (_, when), (_, rebalance) = look()

        assert json.loads(action) == {"action": "terminate", "time": when}
        assert told == (0, f"localcloud: {instance} has its notice: it is terminated at {when}\n")
        assert json.loads(rebalance)["noticeTime"] < when
        gone = here.wait(instance, "terminated")
        assert gone["StateReason"]["Code"] == "Server.SpotInstanceTermination"
        assert notice() == (1, f"localcloud: {instance} is terminated: only what runs is interrupted\n")
