"""Whether a stack that scales can be woken from here, and whether its scaler decides and AWS lets it."""

from datetime import UTC, datetime

from botocore.exceptions import ClientError
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, error_code
from jobfleet_scaling.documents.configuration import PLAIN, ScalingConfiguration

from jobfleet.aws.account import Account
from jobfleet.human_text import ago
from jobfleet.stack.scaling.view import SILENT_AFTER, ScalingView

MAY_NOT_WAKE = (
    "these credentials may not start a host (docs/policies/client-waking.json has what it takes), so a "
    "sleeping fleet starts about three minutes later, by its alarm"
)


def doubts(account: Account, view: ScalingView, *, write: bool) -> list[str]:
    """Return what is not as it should be with the scaling of a stack; nothing where all is well.

    With `write`, it is tried whether these credentials may wake the fleet; that changes nothing.
    """
    found = view.configuration
    if found is None:
        return []
    said = list(view.warnings)
    last = view.decisions[-1] if view.decisions else None
    if view.alive and view.leader and (last is None or view.at - last.at > SILENT_AFTER):
        when = f"the last one is of {ago(last.at, view.at)}" if last else "there is none in the log"
        said.append(f"{view.leader} holds the lease, and writes no decisions: {when}")
    if write and not found.paused and not _may_wake(account, found):
        said.append(MAY_NOT_WAKE)
    return said


def _may_wake(account: Account, found: ScalingConfiguration) -> bool:
    """Tell it by a call that does nothing: a dry run, or one for a group that there is not.

    AWS looks at permissions before it looks for the group.
    """
    try:
        if found.mode == PLAIN:
            template = {"LaunchTemplateName": found.groups[0].template}
            account.client("ec2").run_instances(LaunchTemplate=template, MinCount=1, MaxCount=1, DryRun=True)
        else:
            name = f"{account.settings.stack}-doctor-{datetime.now(UTC):%H%M%S}"
            account.client("autoscaling").set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=0)
    except ClientError as problem:
        return error_code(problem) not in FORBIDDEN
    return True
