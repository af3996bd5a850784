"""Refusals on order: the next calls of an action fail, as AWS's may at any time; see `localcloud refuse`."""

import threading
from dataclasses import dataclass

from localcloud.iam.keyring import Credential
from localcloud.iam.needs import needs_of
from localcloud.wire.call import Call
from localcloud.wire.refusals import Refusal, RefusalReason, refuse, refuse_with

_DENY = "with an explicit deny in an identity-based policy"

# What AWS answers them with, where it is not 400.
_STATUSES = {
    "InternalError": 500,
    "InternalFailure": 500,
    "InternalServiceError": 500,
    "InsufficientInstanceCapacity": 500,
    "InsufficientCapacity": 500,
    "ResourceContention": 500,
    "RequestLimitExceeded": 503,
    "ServiceUnavailable": 503,
    "SlowDown": 503,
    "Unavailable": 503,
    "AccessDenied": 403,
    "UnauthorizedOperation": 403,
}
_WORDS = {
    "InsufficientInstanceCapacity": (
        "We currently do not have sufficient capacity in the Availability Zone you requested. Our system "
        "will be working on provisioning additional capacity."
    ),
    "RequestLimitExceeded": "Request limit exceeded.",
    "Throttling": "Rate exceeded",
    "ThrottlingException": "Rate exceeded",
    "InternalFailure": "An internal failure has occurred.",
    "InternalError": "An internal error has occurred.",
}


@dataclass
class Order:
    """So many calls of an action are to be refused; without a code by an explicit deny."""

    times: int
    code: str | None

    def words(self, action: str) -> str:
        """Return what AWS says with the code."""
        if self.code is None:
            return f"You are not authorized to perform this operation. {action} {_DENY}"
        return _WORDS.get(self.code, f"{action} is refused, as it was ordered.")


class OrderedRefusals:
    """The orders there are. Safe for several threads."""

    def __init__(self) -> None:
        """Begin with none."""
        self._orders: dict[str, Order] = {}
        self._lock = threading.Lock()

    def give(self, action: str, times: int, code: str | None) -> None:
        """Refuse the next calls of an action; a new order stands for the one before, 0 takes it back."""
        with self._lock:
            self._orders.pop(action.lower(), None)
            if times:
                self._orders[action.lower()] = Order(times, code)

    def take(self, action: str) -> Order | None:
        """Return the order that refuses this call, and count the call; None lets it pass."""
        with self._lock:
            order = self._orders.get(action.lower())
            if order is None:
                return None
            order.times -= 1
            if not order.times:
                del self._orders[action.lower()]
            return order

    def guard(self, call: Call, credential: Credential) -> Refusal | None:
        """Return why a call is refused; see `gate.Guard`."""
        if not self._orders:
            return None
        actions = [f"{call.service}:{call.operation}"] if call.operation else []
        # The first is what the call is itself; others come with it, such as iam:PassRole.
        actions += [need.action for need in needs_of(call, credential.account)[:1]]
        for action in dict.fromkeys(actions):
            if order := self.take(action):
                return _refusal(call, credential, action, order)
        return None


def _refusal(call: Call, credential: Credential, action: str, order: Order) -> Refusal:
    if order.code is None:
        words = f"User: {credential.principal} is not authorized to perform: {action} on resource: * {_DENY}"
        return refuse(call, RefusalReason.DENIED, words)
    return refuse_with(call, _STATUSES.get(order.code, 400), order.code, order.words(action))


orders = OrderedRefusals()
