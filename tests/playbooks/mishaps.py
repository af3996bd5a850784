"""What happens to a fleet that scales: each sends a burst to a fleet of none and harms it meanwhile."""

import signal
import time

from tests.patience import wait_for
from tests.playbooks.mishap_fleet import Burst, Outcome, ScaledFleet, measured, strays

# What AWS says where it is called too often:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
# https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/CommonErrors.html
ORDERS = {
    "autoscaling:SetDesiredCapacity": "Throttling",
    "autoscaling:TerminateInstanceInAutoScalingGroup": "Throttling",
}
READS = {
    "ec2:DescribeInstances": "RequestLimitExceeded",
    "autoscaling:DescribeAutoScalingGroups": "Throttling",
    "sqs:GetQueueAttributes": "ThrottlingException",
}

THROTTLED_SECONDS = 30.0

# How many times as fast the clock of AWS goes: a spot notice comes half a minute before the end.
TIME_SCALE = 4

# Three evaluations of an alarm.
ALARM_SECONDS = 3 * 60 / TIME_SCALE


def lab_is_nearly_full(fleet: ScaledFleet) -> Outcome:
    """Seven instances of others run in the lab: there is room for two."""
    ec2 = fleet.client("ec2")
    [image] = ec2.describe_images(Owners=["136693071363"], Filters=[
        {"Name": "name", "Values": ["debian-12-amd64-*"]}])["Images"][-1:]  # fmt: skip
    made = ec2.run_instances(ImageId=image["ImageId"], InstanceType="t3.micro", MinCount=7, MaxCount=7)
    others = [one["InstanceId"] for one in made["Instances"]]
    most, since = 0, fleet.now()

    def look(burst: Burst) -> str:
        nonlocal most

        def is_over() -> bool:
            nonlocal most
            most = max(most, fleet.stack.running_in_region())
            return not burst.under_way()

        wait_for(is_over, 600)
        return f"{most} instances at most"

    try:
        wait_for(lambda: fleet.stack.running_in_region() == len(others), 120)
        found = measured(fleet, "lab with 7 others", 40, 5, look)
        told = [one.why for one in fleet.lines(since) if "the lab has room for" in one.why]
        assert told, "the log does not say why no more started"
        states = ec2.describe_instances(InstanceIds=others)["Reservations"]
        assert {one["State"]["Name"] for each in states for one in each["Instances"]} == {"running"}
        assert most <= 9
        return found
    finally:
        ec2.terminate_instances(InstanceIds=others)


def throttled_while_growing(fleet: ScaledFleet) -> Outcome:
    """AWS throttles the scalers' orders, then whatever they read, as soon as the first host is ordered."""

    def throttle(burst: Burst) -> str:
        wait_for(lambda: fleet.desired() >= 1, 180)
        calls = _throttled(fleet)
        assert fleet.launched_since(burst) <= 1
        begun = time.monotonic()
        wait_for(lambda: fleet.launched_since(burst) >= 2, 300)
        return f"{calls} calls refused, growth {time.monotonic() - begun:.0f} s afterwards"

    return measured(fleet, "throttled while growing", 60, 5, throttle)


def throttled_while_shrinking(fleet: ScaledFleet) -> Outcome:
    """AWS throttles the scalers' orders, then whatever they read, as soon as a host is to leave."""

    def throttle(burst: Burst) -> str:
        wait_for(lambda: bool(fleet.state().cordoned), 300)
        there = len(fleet.hosts())
        calls = _throttled(fleet)
        return f"{calls} calls refused; {there} hosts before, {len(fleet.hosts())} afterwards"

    return measured(fleet, "throttled while shrinking", 40, 5, throttle)


def _throttled(fleet: ScaledFleet) -> int:
    """Let a minute of throttling pass; return how many calls were refused."""
    codes = {*ORDERS.values(), *READS.values()}
    before = sum(map(fleet.refused, codes))
    for calls in (ORDERS, READS):
        with fleet.throttled(calls):
            begun = time.monotonic()
            wait_for(lambda begun=begun: time.monotonic() - begun >= THROTTLED_SECONDS, 60)
    return sum(map(fleet.refused, codes)) - before


def _leader(fleet: ScaledFleet) -> str:
    """Wait until a fleet of two at least is led by one of its hosts; return that one."""
    wait_for(lambda: fleet.running() >= 2 and fleet.state().holder in fleet.hosts(), 240)
    return fleet.state().holder


def _another_leads(fleet: ScaledFleet, leader: str, begun: float) -> str:
    """Wait until another one leads; say how long after `begun` (of the monotonic clock) that was."""
    wait_for(lambda: fleet.state().holder not in ("", leader), 180)
    return f"another leads after {time.monotonic() - begun:.0f} s"


def leader_is_terminated(fleet: ScaledFleet) -> Outcome:
    """The host of the scaler that decides is terminated while the fleet grows."""

    def terminate(burst: Burst) -> str:
        leader, begun = _leader(fleet), time.monotonic()
        fleet.client("ec2").terminate_instances(InstanceIds=[leader])
        return _another_leads(fleet, leader, begun)

    return measured(fleet, "leader terminated", 80, 5, terminate)


def leader_is_killed(fleet: ScaledFleet) -> Outcome:
    """All processes of the leader's host are killed at once, as by a power cut."""

    def kill(burst: Burst) -> str:
        leader, begun = _leader(fleet), time.monotonic()
        fleet.signal(leader, signal.SIGKILL)
        return _another_leads(fleet, leader, begun)

    return measured(fleet, "leader's host killed", 80, 5, kill)


def host_is_frozen(fleet: ScaledFleet) -> Outcome:
    """The leader's host is frozen while it works, and goes on after a minute and a half."""

    def freeze(burst: Burst) -> str:
        leader, begun = _leader(fleet), time.monotonic()
        fleet.signal(leader, signal.SIGSTOP)
        try:
            said = _another_leads(fleet, leader, begun)
            wait_for(lambda: time.monotonic() - begun >= 90, 120)
        finally:
            fleet.signal(leader, signal.SIGCONT)
        return said

    return measured(fleet, "leader's host frozen 90 s", 80, 5, freeze)


def session_ends(fleet: ScaledFleet) -> Outcome:
    """The lab session ends while the fleet grows, and another begins."""

    def end(burst: Burst) -> str:
        wait_for(lambda: fleet.running() >= 2, 240)
        fleet.cloud("session", "end")
        fleet.cloud("session", "start")
        return ""

    return measured(fleet, "session ends while growing", 80, 5, end)


def stopped_and_started(fleet: ScaledFleet) -> Outcome:
    """`playbooks/stop.yml` while jobs run and wait; nothing wakes the fleet, until `playbooks/start.yml`."""

    def stop(burst: Burst) -> str:
        wait_for(lambda: fleet.running() >= 2, 240)
        begun = time.monotonic()
        stopped = fleet.stack.play("playbooks/stop.yml")
        assert stopped.code == 0, stopped.said
        took = time.monotonic() - begun
        assert fleet.is_asleep()
        before, answered = len(fleet.launched()), burst.under_way()
        assert answered, "all jobs were done before it stopped"
        # Who sends is told, and the alarms have time to go off.
        sent = fleet.stack.jobfleet("submit", "stats", "1", str(time.time_ns()))
        fleet.drop("stopped", 1, 0)
        begun = time.monotonic()
        wait_for(lambda: time.monotonic() - begun > ALARM_SECONDS, 120)
        assert (fleet.is_asleep(), len(fleet.launched())) == (True, before), sent.stderr
        started = fleet.stack.play("playbooks/start.yml")
        assert started.code == 0, started.said
        return f"stopped in {took:.0f} s, nothing woke it in {ALARM_SECONDS:.0f} s"

    return measured(fleet, "stop.yml and start.yml", 80, 5, stop)


def dropped_files(fleet: ScaledFleet) -> Outcome:
    """Files are put into the bucket, by nobody who could wake the fleet: an alarm does."""
    fleet.sleep()
    before, since, begun = len(fleet.launched()), fleet.now(), time.monotonic()
    keys = fleet.drop("dropped", 20, 5)
    wait_for(lambda: fleet.desired() > 0, 600)
    woken = time.monotonic() - begun
    wait_for(lambda: all(fleet.outcome(key) for key in keys), 600)
    took = time.monotonic() - begun
    lost = sum(fleet.outcome(key) != "succeeded" for key in keys)
    fleet.sleep()
    return Outcome(
        "files without a client", len(keys), took, len(fleet.launched()) - before, lost, len(fleet.hosts()),
        0, strays(fleet.lines(since)), f"woken after {woken:.0f} s",
    )  # fmt: skip


def made_plain(fleet: ScaledFleet) -> Outcome:
    """The fleet is made one of plain instances while a burst is under way."""

    def make_plain(burst: Burst) -> str:
        wait_for(lambda: fleet.running() >= 2, 240)
        fleet.stack.deploy(scaling={})
        return "" if burst.under_way() else "all were done by then"

    return measured(fleet, "made plain", 120, 5, make_plain, sleeps=False)


def made_to_scale(fleet: ScaledFleet) -> Outcome:
    """A fleet of plain instances is made one that scales while a burst is under way."""

    def make_scale(burst: Burst) -> str:
        fleet.stack.deploy()
        return "" if burst.under_way() else "all were done by then"

    return measured(fleet, "made to scale", 120, 5, make_scale, plain=True)


def spot_notice(fleet: ScaledFleet) -> Outcome:
    """EC2 takes a spot instance away, with its notice, while jobs run on it."""

    def notice(burst: Burst) -> str:
        wait_for(lambda: fleet.running() >= 2, 240)
        taken = fleet.state().holder
        before, begun = set(fleet.launched()), time.monotonic()
        fleet.cloud("spot-notice", taken)
        wait_for(lambda: bool(set(fleet.launched()) - before), 300)
        replaced = time.monotonic() - begun
        wait_for(lambda: taken not in fleet.hosts(), 300)
        return f"another ordered after {replaced:.0f} s, gone after {time.monotonic() - begun:.0f} s"

    return measured(fleet, "spot notice", 180, 5, notice)


LAB = (lab_is_nearly_full, session_ends)

# In their order: the last two change what the fleet is.
ELSEWHERE = (
    spot_notice, throttled_while_growing, throttled_while_shrinking, leader_is_terminated, leader_is_killed,
    host_is_frozen, dropped_files, stopped_and_started, made_plain, made_to_scale,
)  # fmt: skip
