"""What CloudWatch is told of requests that were really made: the sums are those of the requests."""

from collections import Counter
from dataclasses import replace

from localcloud.balancers.figures import Figure, FigureName, Figures, of_hosts, of_requests
from localcloud.balancers.haproxy.requests_log import RequestsReader, ServedRequest, read_line
from localcloud.balancers.health import Health
from localcloud.balancers.model import FixedAnswer, Forward, Redirect, Target, TargetName
from tests.aws.localcloud.balancers.bench import Bench, group_of, rule
from tests.patience import wait_for

ZONES = {"i-a": "us-east-1a", "i-b": "us-east-1b"}
BALANCER, GROUP = ("LoadBalancer", "app/b/1"), ("TargetGroup", "targetgroup/g/0")


def figure(found: Figures, metric: str, *dimensions: tuple[str, str]) -> Figure:
    return found.get(FigureName(metric, frozenset(dimensions)), Figure())


def total(found: Figures, metric: str, *dimensions: tuple[str, str]) -> float:
    return figure(found, metric, BALANCER, *dimensions).total


def served(bench: Bench, number: int) -> list[ServedRequest]:
    """Return the requests once there are so many: a line comes right after its answer."""
    found: list[ServedRequest] = []

    def look() -> bool:
        found.extend(bench.proxy.served())
        return len(found) >= number

    wait_for(look, seen=lambda: found)
    return found


def test_sums_are_those_of_the_requests_that_were_sent(bench: Bench) -> None:
    sites = [bench.site("a"), bench.site("b")]
    group = group_of("g", *(site.target() for site in sites))
    bench.balancer = replace(bench.balancer, groups=(group,))
    bench.rules(
        rule(FixedAnswer(404, "text/plain", "no"), ("path-pattern", "/none")),
        rule(Redirect(301, "HTTPS", "#{host}", "443", "/#{path}", ""), ("path-pattern", "/moved")),
        default=Forward(((group.arn, 1),)),
    )
    statuses = [200] * 30 + [301] * 3 + [404] * 5 + [503] * 2
    got = Counter(bench.ask(f"/?status={status}").status for status in statuses)
    for path in ["/none"] * 4 + ["/moved"] * 3:
        bench.ask(path)

    found = of_requests(served(bench, 47), ZONES, {GROUP[1]: 2})

    assert got == Counter(statuses)
    assert total(found, "RequestCount") == total(found, "RequestCount", GROUP) == 40
    zones = [("AvailabilityZone", zone) for zone in ZONES.values()]
    assert [total(found, "RequestCount", GROUP, zone) for zone in zones] == [20, 20]
    assert total(found, "RequestCountPerTarget", GROUP) == 20
    for code, number in ((2, 30), (3, 3), (4, 5), (5, 2)):
        assert total(found, f"HTTPCode_Target_{code}XX_Count", GROUP) == number
    assert (total(found, "HTTPCode_ELB_4XX_Count"), total(found, "HTTP_Fixed_Response_Count")) == (4, 4)
    assert (total(found, "HTTPCode_ELB_3XX_Count"), total(found, "HTTP_Redirect_Count")) == (3, 3)
    assert total(found, "HTTPCode_ELB_5XX_Count") == 0
    assert total(found, "NewConnectionCount") == 47
    times = figure(found, "TargetResponseTime", BALANCER, GROUP)
    assert times.count == sum(times.spread.values()) == 40
    assert 0 < times.least <= times.most < 60
    assert total(found, "ProcessedBytes") > 40 * 100


def test_a_process_that_takes_over_loses_no_request(bench: Bench) -> None:
    site = bench.site("a")
    group = bench.forwards_to(site.target())
    for number in range(5):
        bench.rules(default=Forward(((group.arn, number + 1),), sticky=60))
        for _ in range(10):
            bench.ask("/")

    found = of_requests(served(bench, 50), ZONES, {})

    assert total(found, "RequestCount") == total(found, "HTTPCode_Target_2XX_Count") == 50


def test_errors_of_the_balancer_are_told_apart_from_those_of_targets(bench: Bench) -> None:
    group = bench.forwards_to()
    bench.ask("/")
    bench.targets(group, Target(TargetName("i-a", 1), "127.77.254.99", "us-east-1a"))
    bench.ask("/")

    found = of_requests(served(bench, 2), ZONES, {})

    assert total(found, "HTTPCode_ELB_5XX_Count") == 2
    assert [total(found, f"HTTPCode_ELB_{code}_Count") for code in (502, 503)] == [1, 1]
    assert total(found, "TargetConnectionErrorCount", GROUP) == 1
    # For one of them, a target was chosen.
    assert total(found, "RequestCount") == 1


def test_a_line_that_is_not_whole_is_read_when_it_is(bench: Bench) -> None:
    bench.forwards_to(bench.site("a").target())
    bench.ask("/")
    assert len(served(bench, 1)) == 1
    log = bench.proxy.requests_log
    line = log.read_text()
    reader = RequestsReader(log)
    log.write_text(line + line[:20])
    assert len(list(reader.read())) == 1
    assert list(reader.read()) == []
    log.write_text(line + line)
    assert list(reader.read()) == [read_line(line)]


def test_well_targets_are_counted_by_zone(bench: Bench) -> None:
    targets = [Target(TargetName(name, 80), "127.0.0.1", zone) for name, zone in ZONES.items()]
    gone = [replace(targets[0], name=TargetName("i-c", 80), draining=True)]
    group = group_of("g", *targets, *gone)
    health = {targets[0].name: Health("healthy"), targets[1].name: Health("unhealthy")}

    found = of_hosts(bench.balancer, group, health)

    assert total(found, "HealthyHostCount", GROUP) == total(found, "UnHealthyHostCount", GROUP) == 1
    assert total(found, "HealthyHostCount", GROUP, ("AvailabilityZone", "us-east-1a")) == 1
    assert figure(found, "HealthyHostCount", BALANCER, GROUP, ("AvailabilityZone", "us-east-1b")).most == 0
