"""Least-privilege IAM policies out of recorded calls, and what of them cannot be recorded.

Rows are those of `python -m localcloud calls --json`: `action`, `resource` (an ARN) and `context` (condition
keys with values). `docs/policies/README.md` says how the files are used; `make policies` writes them.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jobfleet_jobs.protocol.names import (
    DESCRIPTION_KEY,
    SCALING_CONFIGURATION_KEY,
    SCALING_STATE_KEY,
    STACK_TAG,
    WEB_ACCESS_KEY,
    StackNames,
)

FOLDER = Path(__file__).parent.parent / "docs" / "policies"

# Which files hold whose permissions.
FILES = {
    "deployer": ("deployer.json", "deployer-rare.json"),
    "worker": ("worker.json",),
    "client": ("client.json",),
    "client-waking": ("client-waking.json",),
    "web": ("web.json",),
    "scaling": ("deployer-scaling.json",),
    "balancer": ("deployer-balancer.json",),
    "scaler": ("scaler.json",),
}

Condition = tuple[tuple[str, tuple[str, ...]], ...]
"""Condition keys with the values they may have, sorted; compared with StringEquals, but for `_BOOLEAN`."""

Permission = tuple[str, str, Condition]
"""An action, the resource with placeholders in it, and on which conditions."""

_BOOLEAN = frozenset({"ec2:IsLaunchTemplateResource"})

_ANYTHING_OF_EC2 = re.compile(r":(?!key-pair)([a-z-]+)/[^/]+$")
_TAG_OF_REQUEST, _TAG_OF_RESOURCE = f"aws:RequestTag/{STACK_TAG}", f"aws:ResourceTag/{STACK_TAG}"

# Objects with a permission of their own; of all others, the folder counts.
_SINGLE_KEYS = {
    "locks/fleet",
    DESCRIPTION_KEY,
    SCALING_CONFIGURATION_KEY,
    SCALING_STATE_KEY,
    WEB_ACCESS_KEY,
}


@dataclass(frozen=True)
class Rare:
    """Permissions for what a run does not do each time; `reason` says when it does."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    reason: str
    condition: Condition = ()

    def permissions(self) -> Iterator[Permission]:
        """Yield them one by one."""
        for action in self.actions:
            for resource in self.resources:
                yield action, resource, self.condition


@dataclass(frozen=True)
class Place:
    """The stack a recording is of, and where it stood."""

    stack: str
    account: str
    region: str

    def fill_in(self, text: str) -> str:
        """Put the place's own names where the files have placeholders."""
        for name in ("stack", "account", "region"):
            text = text.replace(f"${{{name}}}", getattr(self, name))
        return text

    def permission(self, row: dict[str, Any]) -> tuple[str, str]:
        """Return a row's action, and its resource as the policy has to name it."""
        action, resource = row["action"], row["resource"]
        service = action.partition(":")[0]
        if service == "s3":
            resource = self._of_s3(action, resource)
        elif service == "sqs":
            resource = self._of_sqs(resource)
        else:
            resource = _ANYTHING_OF_EC2.sub(r":\1/*", resource).replace(
                f":key-pair/{self.stack}", ":key-pair/${stack}"
            )
        return action, resource.replace(self.account, "${account}").replace(self.region, "${region}")

    def _of_s3(self, action: str, arn: str) -> str:
        bucket, _, key = arn.removeprefix("arn:aws:s3:::").partition("/")
        if arn == "*":
            return arn
        if bucket != StackNames(self.stack).bucket(self.account, self.region):
            return "arn:aws:s3:::*"
        named = "arn:aws:s3:::${stack}-${account}-${region}"
        if not key:
            return named
        if action.startswith("s3:DeleteObject") and "Version" in action:
            return f"{named}/*"  # a teardown empties the bucket, whatever somebody put there
        return f"{named}/{key if key in _SINGLE_KEYS else key.partition('/')[0] + '/*'}"

    def _of_sqs(self, arn: str) -> str:
        start, _, name = arn.rpartition(":")
        if arn == "*" or not name:
            return arn
        if not name.startswith(f"{self.stack}-"):
            return f"{start}:*"
        end = name.removeprefix(self.stack)
        return f"{start}:${{stack}}{'-reply-*' if end.startswith('-reply-') else end}"

    def condition(self, contexts: list[dict[str, Any]], resource: str) -> Condition:
        """Return what was true of all these calls and narrows the permission."""
        if not resource.startswith("arn:aws:ec2:"):
            regions = {context.get("ec2:Region") for context in contexts}
            return (("ec2:Region", ("${region}",)),) if regions == {self.region} else ()
        found = {}
        creations = {str(context.get("ec2:CreateAction", "")) for context in contexts}
        if "" not in creations:
            found["ec2:CreateAction"] = tuple(sorted(creations))
        for key in (_TAG_OF_REQUEST, _TAG_OF_RESOURCE):
            if all(context.get(key) == self.stack for context in contexts):
                found[key] = ("${stack}",)
        return tuple(sorted(found.items()))


def permissions(rows: Iterable[dict[str, Any]], place: Place) -> set[Permission]:
    """Return what the recorded calls needed. Calls that were refused, or only asked about, needed nothing."""
    contexts: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["refused"] is None and not row["dry_run"]:
            contexts[place.permission(row)].append(row["context"])
    found = {(*key, place.condition(of_key, key[1])) for key, of_key in contexts.items()}
    return {one for one in found if not _covered(one, found)}


def _covered(one: Permission, found: set[Permission]) -> bool:
    """Tell whether another permission of the same action is for all such resources."""
    action, resource, _ = one
    everything = f"{resource.rpartition(':')[0]}:*"
    return resource != everything and (action, everything, ()) in found


def documents(needed: set[Permission], rare: Iterable[Rare], *, apart: bool) -> list[dict[str, Any]]:
    """Return the policy document: what is needed in one recorded run, then what is rare.

    With `apart`, what is rare gets a document of its own, as IAM takes no more than 6,144 characters in one
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html).
    """
    rare = list(rare)
    seldom = {one for some in rare for one in some.permissions()}
    often = _recorded(needed - seldom)
    rarely = [
        {"Sid": one.sid, **_statement(sorted(one.actions), sorted(one.resources), one.condition)}
        for one in rare
    ]
    return [
        {"Version": "2012-10-17", "Statement": statements}
        for statements in ([often, rarely] if apart else [often + rarely])
    ]


def files_of(who: str, needed: set[Permission], rare: Iterable[Rare]) -> dict[str, str]:
    """Return what the files of one of them have to hold, by name."""
    names = FILES[who]
    made = documents(needed, rare, apart=len(names) > 1)
    return {name: text_of(document) for name, document in zip(names, made, strict=True)}


def statements_of(who: str) -> list[dict[str, Any]]:
    """Return what the files of one of them allow now."""
    texts = [(FOLDER / name).read_text() for name in FILES[who]]
    return [statement for text in texts for statement in json.loads(text)["Statement"]]


def _recorded(needed: set[Permission]) -> list[dict[str, Any]]:
    # What wants the same actions on the same conditions stands in one statement.
    actions: dict[tuple[str, Condition], set[str]] = defaultdict(set)
    for action, resource, condition in needed:
        actions[resource, condition].add(action)
    resources: dict[tuple[tuple[str, ...], Condition], list[str]] = defaultdict(list)
    for (resource, condition), some in actions.items():
        resources[tuple(sorted(some)), condition].append(resource)
    return [
        _statement(list(some), sorted(on), condition) for (some, condition), on in sorted(resources.items())
    ]


def _statement(actions: list[str], resources: list[str], condition: Condition) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resources}
    for key, values in condition:
        compared = statement.setdefault("Condition", {}).setdefault(
            "Bool" if key in _BOOLEAN else "StringEquals", {}
        )
        compared[key] = list(values)
    return statement


def text_of(policy: dict[str, Any]) -> str:
    """Return a policy document as it stands in its file."""
    return json.dumps(policy, indent=2) + "\n"
