"""The limits of an AWS Academy Learner Lab, for `up --lab`.

The lab's own page "Service usage and other restrictions" lists them: two regions, nine instances and
32 vCPU in a region, small types, on demand only, and no IAM of one's own. Calls against them are
refused as the lab's policy refuses them; instances beyond the numbers are not refused, but ended right
after their launch.
"""

import json
import threading

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES
from moto.iam.models import iam_backends

from localcloud.ec2.instances import HostedInstance
from localcloud.iam.keyring import Credential
from localcloud.wire.call import Call, Family
from localcloud.wire.refusals import Refusal, RefusalReason, refuse

REGIONS = ("us-east-1", "us-west-2")
SIZES = ("nano", "micro", "small", "medium", "large")
MAX_INSTANCES = 9
MAX_VCPUS = 32
# With so many at a time an account is switched off, and all that is in it is deleted.
DEACTIVATING_INSTANCES = 20

ROLE, PROFILE, KEY_PAIR, KEY_PAIR_REGION = "LabRole", "LabInstanceProfile", "vockey", "us-east-1"

# Services that are everywhere at once: their region says nothing.
_GLOBAL_SERVICES = {"iam", "sts", "cloudfront", "route53", "budgets", "ce"}
_SPOT_OPERATIONS = {"RequestSpotInstances", "RequestSpotFleet", "CreateFleet"}
_IAM_READS = ("Get", "List", "Simulate", "GenerateServiceLastAccessed")
_IAM_ALLOWED = {"CreateServiceLinkedRole"}

_TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
_EVERYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)

_DENY = "with an explicit deny in an identity-based policy"
_DEACTIVATED = (
    f"{_DENY}: the lab has deactivated the account and deleted all, because {DEACTIVATING_INSTANCES} or more "
    "instances ran at once. In a real lab only the teacher can give you a new one; "
    "here: `python -m localcloud down`, then `up --lab`"
)


class Lab:
    """The limits, and which accounts went beyond all of them. Safe for several threads."""

    def __init__(self) -> None:
        """Begin with no account deactivated."""
        self._deactivated: set[str] = set()
        self._furnished: set[str] = set()
        self._lock = threading.Lock()

    def guard(self, call: Call, credential: Credential) -> Refusal | None:
        """Return why the lab refuses a call; see `gate.Guard`."""
        self._furnish(credential.account)
        reason = None
        action, resource = f"{call.service}:{call.operation or call.method}", "*"
        if credential.account in self._deactivated:
            reason = _DEACTIVATED
        elif call.region not in REGIONS and call.service not in _GLOBAL_SERVICES:
            reason = _DENY
        elif call.service == "iam" and _makes_iam(call.operation):
            reason = f"because no identity-based policy allows the {action} action"
            resource = _iam_resource(call, credential.account)
        elif call.family is Family.EC2 and _denied_launch(call):
            reason = _DENY
            resource = f"arn:aws:ec2:{call.region}:{credential.account}:instance/*"
        if reason is None:
            return None
        words = f"User: {credential.principal} is not authorized to perform: {action}"
        return refuse(call, RefusalReason.DENIED, f"{words} on resource: {resource} {reason}")

    def _furnish(self, account: str) -> None:
        """Give a new account what every lab has."""
        if account in self._furnished:
            return
        with self._lock:
            if account in self._furnished:
                return
            iam = iam_backends[account]["aws"]
            iam.create_role(ROLE, _TRUST, "/", None, "The lab's own", [], "3600")
            iam.put_role_policy(ROLE, "everything-the-lab-allows", _EVERYTHING)
            iam.create_instance_profile(PROFILE, "/", [ROLE])
            ec2_backends[account][KEY_PAIR_REGION].create_key_pair(KEY_PAIR, "rsa", {})
            self._furnished.add(account)

    def check_kind(self, new: HostedInstance) -> None:
        """Refuse an instance of a kind the lab has not. Raises `EC2ClientError`.

        A launch template may say what the request itself does not.
        """
        if not _is_allowed(new.instance_type) or new.lifecycle == "spot":
            raise EC2ClientError(
                "UnauthorizedOperation",
                f"You are not authorized to perform this operation. {new.instance_type} on demand or spot: "
                f"not authorized to perform: ec2:RunInstances {_DENY}",
            )

    def surplus(self, alive: list[HostedInstance]) -> list[HostedInstance]:
        """Return which of the running and pending instances of one account and region the lab ends.

        The newest go first; all go, and the account with them, if there are far too many.
        """
        if len(alive) >= DEACTIVATING_INSTANCES:
            self._deactivated.add(alive[0].ec2_backend.account_id)
            return alive
        kept = vcpus = 0
        for instance in sorted(alive, key=lambda one: one.launch_time):
            vcpus += _vcpus(instance.instance_type)
            if kept == MAX_INSTANCES or vcpus > MAX_VCPUS:
                break
            kept += 1
        return sorted(alive, key=lambda one: one.launch_time)[kept:]


def _makes_iam(operation: str) -> bool:
    return not operation.startswith(_IAM_READS) and operation not in _IAM_ALLOWED


def _iam_resource(call: Call, account: str) -> str:
    kinds = {"InstanceProfileName": "instance-profile", "RoleName": "role", "UserName": "user"}
    for parameter, kind in kinds.items():
        if name := call.parameters.get(parameter):
            return f"arn:aws:iam::{account}:{kind}/{name}"
    return "*"


def _denied_launch(call: Call) -> bool:
    if call.operation in _SPOT_OPERATIONS:
        return True
    if call.operation != "RunInstances":
        return False
    kind = call.parameters.get("InstanceType")
    is_spot = any(name.startswith("InstanceMarketOptions.") for name in call.parameters)
    return is_spot or (kind is not None and not _is_allowed(kind))


def _is_allowed(kind: str) -> bool:
    return kind.rpartition(".")[2] in SIZES


def _vcpus(kind: str) -> int:
    return int(INSTANCE_TYPES[kind]["VCpuInfo"]["DefaultVCpus"])
