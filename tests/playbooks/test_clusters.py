"""Two groups of web hosts behind one balancer: made, reached, put right, stopped and removed.

All of it is done with a key that may do only what docs/policies allows a deployer.
"""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests import policies
from tests.localcloud_fixture import new_key
from tests.patience import patience
from tests.playbooks.conftest import Stack

PLACE = policies.Place("clusters", "123456789012", "us-east-1")
ONE = {"name": "one", "role": "web", "type": "t3.micro", "zone": "us-east-1a", "balancer": True}
TWO = {**ONE, "name": "two", "zone": "us-east-1b", "paths": ["/cluster2"]}
BALANCER = "Ensure the balancer leads to each group by its paths, if any group is behind one"
SERVING = "Ensure the balancer leads to all hosts of its groups, and these are well"
DRAINED = "Ensure no request reaches hosts that go, and those that they have begun are answered"
LAUNCHED = "Ensure as many instances of each group run as are wanted"


@pytest.fixture
def clusters(localcloud: dict[str, str], hosts: object, tmp_path: Path) -> Iterator[Stack]:
    """A stack of its own, whose deployer may do what the files allow."""
    allowed = [*policies.statements_of("deployer"), *policies.statements_of("balancer")]
    file = tmp_path / "policy.json"
    file.write_text(PLACE.fill_in(json.dumps({"Version": "2012-10-17", "Statement": allowed})))
    key = {**new_key(localcloud, policy=file), "XDG_STATE_HOME": str(tmp_path / "state")}
    made = Stack(PLACE.stack, tmp_path / "stack", key, {"instance_groups": [ONE, TWO]})
    try:
        yield made
    finally:
        # With a key that may, whatever the one under test could not do.
        everything = replace(made, environment=localcloud)
        torn = everything.play("playbooks/teardown.yml", confirm=True)
        assert torn.code == 0, torn.said
        assert f"Nothing is left of the stack {PLACE.stack}" in torn.said


def asked(url: str) -> tuple[int, Any]:
    """Return status and JSON of an answer, without a proxy and without a token."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url, headers={"Accept": "application/json"})  # noqa: S310 - of the balancer
    try:
        with opener.open(request, timeout=patience(10)) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as problem:
        with problem:
            return problem.code, json.loads(problem.read())


def was_late(problem: OSError) -> bool:
    """Tell whether there was no answer in its time; one that was refused or cut off came in time."""
    cause = problem.reason if isinstance(problem, urllib.error.URLError) else problem
    return isinstance(cause, TimeoutError)


@contextmanager
def visits(url: str) -> Iterator[list[int]]:
    """Ask for an address again and again, and list the statuses of the answers; 0 is none at all.

    What has no answer in its time is asked once more: others may keep the machine busy.
    """
    statuses: list[int] = []
    over = threading.Event()

    def visit() -> None:
        while not over.wait(0.1):
            for is_last in (False, True):
                try:
                    statuses.append(asked(url)[0])
                    break
                except OSError as problem:
                    if is_last or not was_late(problem):
                        statuses.append(0)
                        break

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        yield statuses
    finally:
        over.set()
        visitor.join()


def by_group(stack: Stack) -> dict[str, dict[str, Any]]:
    """Return the stack's one instance of each group."""
    return {
        tag["Value"]: one
        for one in stack.instances()
        for tag in one["Tags"]
        if tag["Key"] == "jobfleet:group"
    }


def security_groups(stack: Stack) -> set[str]:
    """Return the names of the stack's security groups, without the stack's own."""
    ec2 = stack.client("ec2")
    tagged = [{"Name": "tag:jobfleet:stack", "Values": [stack.name]}]
    found = ec2.describe_security_groups(Filters=tagged)["SecurityGroups"]
    ec2.close()
    return {one["GroupName"].removeprefix(f"{stack.name}-") for one in found}


def test_two_clusters_live_their_life_behind_one_balancer(
    clusters: Stack, localcloud: dict[str, str]
) -> None:
    anybody = replace(clusters, environment=localcloud)
    elbv2 = anybody.client("elbv2")

    made = clusters.deploy()

    [balancer] = elbv2.describe_load_balancers(Names=[f"{clusters.name}-balancer"])["LoadBalancers"]
    url, hosts = f"http://{balancer['DNSName']}", by_group(anybody)
    assert f"The page and its API: {url}/one, {url}/cluster2." in made.said
    for path, group in (("/one", "one"), ("/cluster2/whoami", "two")):
        status, told = asked(f"{url}{path}")
        assert (status, told["instance"]) == (200, hosts[group]["InstanceId"])
        assert (told["group"], told["zone"], told["type"]) == (
            group, hosts[group]["Placement"]["AvailabilityZone"], "t3.micro",
        )  # fmt: skip
    status, told = asked(f"{url}/elsewhere")
    assert (status, told["paths"]) == (404, ["/one", "/cluster2"])
    assert asked(f"{url}/one/api/v1/jobs")[0] == 401
    seen = anybody.jobfleet("status")
    assert f"{balancer['DNSName']} is active, one 1 of 1 healthy, two 1 of 1 healthy" in seen.stdout

    assert clusters.deploy().changed == []

    # Somebody leads one group's requests to the other, and ends a host.
    groups = elbv2.describe_target_groups(Names=[f"{clusters.name}-two"])["TargetGroups"]
    [listener] = elbv2.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])["Listeners"]
    first = elbv2.describe_rules(ListenerArn=listener["ListenerArn"])["Rules"][0]
    to_two = [{"Type": "forward", "TargetGroupArn": groups[0]["TargetGroupArn"]}]
    elbv2.modify_rule(RuleArn=first["RuleArn"], Actions=to_two)
    ec2 = anybody.client("ec2")
    ec2.terminate_instances(InstanceIds=[hosts["two"]["InstanceId"]])
    ec2.close()

    mended = clusters.deploy()

    assert {BALANCER, LAUNCHED, SERVING} <= set(mended.changed)
    now = by_group(anybody)
    assert now["one"]["InstanceId"] == hosts["one"]["InstanceId"]
    assert now["two"]["InstanceId"] != hosts["two"]["InstanceId"]
    assert asked(f"{url}/one")[1]["instance"] == now["one"]["InstanceId"]
    assert asked(f"{url}/cluster2")[1]["instance"] == now["two"]["InstanceId"]

    # A group goes, and nobody who asks for it meanwhile is sent to where nobody is.
    with visits(f"{url}/cluster2") as statuses:
        alone = clusters.deploy(instance_groups=[ONE])
    assert DRAINED not in alone.changed  # it had left the balancer before
    assert list(by_group(anybody)) == ["one"]
    assert asked(f"{url}/one")[1]["instance"] == now["one"]["InstanceId"]
    assert [status for status, _ in groupby(statuses)] == [200, 404]

    stopped = clusters.play("playbooks/stop.yml")

    assert stopped.code == 0, stopped.said
    assert elbv2.describe_load_balancers()["LoadBalancers"] == []
    assert elbv2.describe_target_groups()["TargetGroups"] == []
    elbv2.close()
    assert {one["State"]["Name"] for one in anybody.instances()} == {"stopped"}

    # One comes back to be reached by itself, and the other does not.
    direct = [{**ONE, "balancer": False}, {**TWO, "count": 0}]
    apart = clusters.play("playbooks/provision.yml", instance_groups=direct)

    assert apart.code == 0, apart.said
    [host] = anybody.instances()
    assert host["InstanceId"] == hosts["one"]["InstanceId"]
    assert [one["GroupName"] for one in host["SecurityGroups"]] == [f"{clusters.name}-web"]
    assert security_groups(anybody) == {"workers", "web"}
