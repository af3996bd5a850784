"""Patience: calls that AWS refuses for a while after something was made or removed, and then does not.

AWS's services are made of many machines, which do not all know at once what one of them was told. Here
stands how they answer until then, and how long that may last. Most of it is over within a second, so tries
come soon at first. Then they come in even steps: steps of chance may all be over before the time is.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain, repeat
from typing import Any

from ansible.module_utils.process.failure import Failure
from botocore.exceptions import ClientError

# The first steps, as parts of the even ones.
_FIRST_STEPS = (0.125, 0.25, 0.5)


@dataclass(frozen=True)
class Delay:
    """What AWS answers for a while: one of `codes`, and `words` where the code says too little.

    It may last `seconds`; between tries lie `step` seconds, and less between the first ones.
    """

    codes: tuple[str, ...]
    seconds: int = 60
    step: int = 1
    words: str = ""
    never: tuple[str, ...] = ("UnauthorizedOperation", "AccessDenied", "LimitExceeded")
    """What no time mends, whatever else is said."""

    def explains(self, problem: Exception) -> bool:
        """Tell whether an error, of AWS's or of a module that it ended, may pass by itself."""
        if isinstance(problem, ClientError):
            return problem.response["Error"]["Code"] in self.codes and self.words in str(problem)
        said = str(problem)
        return any(code in said for code in self.codes) and not any(code in said for code in self.never)


NO_SUCH_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue", "QueueDoesNotExist")

# A new queue can be used after a second, and may be named before:
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
NEW_QUEUE = Delay(NO_SUCH_QUEUE)
# A queue that is listed may be a new one, or one that was deleted within the last minute.
LISTED_QUEUE = Delay(NO_SUCH_QUEUE, seconds=3)
# The name of a deleted queue is free after 60 seconds, counted from when SQS was done with it.
QUEUE_NAME = Delay(
    ("AWS.SimpleQueueService.QueueDeletedRecently", "QueueDeletedRecently"), seconds=75, step=5
)
NEW_DEAD_LETTERS = Delay(
    ("InvalidParameterValue", "InvalidAttributeValue"), words="Dead letter target does not exist"
)

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel
NEW_BUCKET = Delay(("NoSuchBucket", "404"))
# A bucket of that name is being made or removed.
BUSY_BUCKET = Delay(("OperationAborted",), seconds=120, step=5)
# S3 tries the queue when it is told to send events there, and sees it, or its policy, some moments late.
EVENTS_QUEUE = Delay(("InvalidArgument",), words="destination configurations")

# https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html
NEW_INSTANCE = Delay(("InvalidInstanceID.NotFound",))
NEW_GROUP = Delay(("InvalidGroup.NotFound",))
# An instance is terminated some moments before its network interface lets go of the group, and a balancer is
# deleted some minutes before: https://github.com/hashicorp/terraform-provider-aws/issues/40
HELD_GROUP = Delay(("DependencyViolation",), seconds=600, step=5)
# amazon.aws's module does not say that EC2 does not know a group yet, but what it stumbles over, in any
# words; so whatever it says of one that was made a moment ago may pass.
NEW_GROUP_S_RULES = Delay(("",), step=2)
NEW_TEMPLATE = Delay(("InvalidLaunchTemplateName.NotFoundException",))
# EC2 Auto Scaling asks EC2 for the template, and may be told that there is none yet.
NEW_TEMPLATE_S_GROUP = Delay(("ValidationError",), words="launch template", step=2)
# A group of that name is being deleted, with its hosts.
DYING_SCALING_GROUP = Delay(("AlreadyExists", "ResourceInUse"), words="delete", seconds=300, step=5)
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html#API_CreateListener_Errors
NEW_BALANCER = Delay(("LoadBalancerNotFound", "TargetGroupNotFound", "ListenerNotFound"))
# Elastic Load Balancing asks EC2 for the group, and may be told that there is none yet.
NEW_BALANCER_S_GROUP = Delay(("InvalidSecurityGroup",))
# The same of an instance that runs since a moment ago.
NEW_TARGET = Delay(("InvalidTarget",))
# A listener or rule that is gone lets go of its target group some moments late.
HELD_TARGET_GROUP = Delay(("ResourceInUse",), step=2)
# A launch is made under a lock (`bucket_lock`), and has to be over before that is taken for abandoned.
LAUNCH = Delay(("InvalidGroup.NotFound", "InvalidKeyPair.NotFound"), seconds=45)


def until(is_so: Callable[[], bool], seconds: int) -> bool:
    """Tell whether something comes to be so within `seconds`; looked at each second, sooner at first."""
    waited = 0.0
    for part in chain(_FIRST_STEPS, repeat(1.0)):
        if is_so():
            return True
        if waited >= seconds:
            return False
        time.sleep(part)
        waited += part
    raise AssertionError("the loop ends by the time that is over")


def patiently(call: Callable[..., Any], *delays: Delay, **asked: Any) -> Any:
    """Return what `call` returns, tried again as long as one of `delays` explains its error."""
    waited = 0.0
    for part in chain(_FIRST_STEPS, repeat(1.0)):
        try:
            return call(**asked)
        except (ClientError, Failure) as problem:
            delay = next((one for one in delays if one.explains(problem)), None)
            if delay is None or waited >= delay.seconds:
                raise
        time.sleep(delay.step * part)
        waited += delay.step * part
    raise AssertionError("the loop ends by what the call does")
