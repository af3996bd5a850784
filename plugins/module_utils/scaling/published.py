"""What the scalers, the clients and later runs read in the stack's bucket: how the fleet scales.

The document is that of the project's own package. Where it is missing, the stack does not scale.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ansible.module_utils.project.project_module import project_module
from ansible.module_utils.scaling.changes import Changes
from ansible.module_utils.scaling.refusals import DENIED
from ansible.module_utils.scaling.shares import ScaledGroup
from botocore.exceptions import ClientError

# In check mode there may be no bucket yet.
MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "404"})

GROUPS, PLAIN = "groups", "plain"

_TUNING = ("clear", "window", "boot")


class PublishedScaling:
    """The configuration of one stack's scaling, `config/scaling.json`."""

    def __init__(self, s3: Any, bucket: str, changes: Changes) -> None:
        names = project_module("jobfleet_jobs.protocol.names")
        self._s3, self._bucket, self._changes = s3, bucket, changes
        self._key, self._state = names.SCALING_CONFIGURATION_KEY, names.SCALING_STATE_KEY

    def held(self) -> str | None:
        """Return the document as it lies there; None where there is none."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=self._key)["Body"].read()
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in MISSING:
                raise
            return None
        return str(found.decode(errors="replace"))

    def came_in(self) -> float:
        """Return how many seconds the last host took from launch until it took jobs; 0 if nobody knows."""
        try:
            found = self._s3.get_object(Bucket=self._bucket, Key=self._state)["Body"].read()
        except ClientError as problem:
            # Whoever may not read it deploys all the same.
            if problem.response["Error"]["Code"] not in {*MISSING, *DENIED}:
                raise
            return 0.0
        return float(project_module("jobfleet_scaling.documents.state").ScalingState.read(found).came_in)

    def ensure(self, wanted: str) -> None:
        """Have the document lie there."""
        self._changes.ensure(
            f"s3://{self._bucket}/{self._key}", self.held(), wanted, lambda: self._put(wanted)
        )

    def mark(self, text: str) -> None:
        """Leave the document of a fleet that is being made, so that a later run knows of it."""
        if not self._changes.dry:
            self._put(text)

    def pause(self) -> None:
        """Tell the scalers to launch nothing more."""
        held = self.held()
        if held is None or (told := read(held)) is None:
            return
        if not told.paused:
            self.ensure(paused(told).to_json())

    def remove(self) -> None:
        """Remove it, with what the scalers had noted."""
        name = f"s3://{self._bucket}/{self._key}"
        held = self.held()
        self._changes.ensure(name, held, None, self._delete)

    def _put(self, text: str) -> None:
        self._s3.put_object(
            Bucket=self._bucket, Key=self._key, Body=text.encode(), ContentType="application/json"
        )

    def _delete(self) -> None:
        # The mark that there is something to remove goes last.
        for key in (self._state, self._key):
            self._s3.delete_object(Bucket=self._bucket, Key=key)


def document(
    groups: Sequence[ScaledGroup], versions: dict[str, str], mode: str, *, params: dict[str, Any]
) -> str:
    """Return the configuration as JSON.

    `versions` are those of the launch templates, by name. `params` has `min`, `max`, perhaps `clear`,
    `window` and `boot` in seconds, the lab's `lab_instances` and `lab_vcpus` (None where there is no limit),
    whether it is `paused`, and the hash of the `image` that hosts are launched from.
    """
    package = project_module("jobfleet_scaling.documents.configuration")
    figures = project_module("jobfleet_scaling.policy.figures")
    made = [
        package.HostGroup(
            name=one.kind.name,
            template=one.name,
            version=versions.get(one.name, ""),
            scaling_group=one.name if mode == GROUPS else "",
            weight=one.kind.count,
            type=one.kind.type,
            zone=one.kind.zone,
        )
        for one in groups
    ]
    configuration = package.ScalingConfiguration(
        minimum=params["min"],
        maximum=params["max"],
        groups=made,
        mode=mode,
        tuning=figures.Tuning(
            **{name: float(params[name]) for name in _TUNING if params.get(name) is not None}
        ),
        lab_max_instances=params["lab_instances"],
        lab_max_vcpus=params["lab_vcpus"],
        paused=params["paused"],
        image=params["image"],
    )
    return f"{configuration.to_json()}\n"


def read(text: str) -> Any:
    """Return the configuration in a document; None where it is damaged: `site.yml` writes it anew."""
    package = project_module("jobfleet_scaling.documents.configuration")
    try:
        return package.ScalingConfiguration.read(text)
    except package.DamagedConfiguration:
        return None


def paused(configuration: Any) -> Any:
    """Return the configuration of a fleet that is stopped."""
    return type(configuration)(**{**vars(configuration), "paused": True})
