"""Sessions of botocore that share what was read of the services once: their models, and nothing else."""

from __future__ import annotations

import os
from contextlib import suppress

from botocore.exceptions import UnknownServiceError
from botocore.loaders import create_loader
from botocore.session import Session

LOADER = create_loader(os.environ.get("AWS_DATA_PATH"))


def new_session(*, heeds_profile: bool = True) -> Session:
    """Return a session that looks for credentials anew; AWS_PROFILE counts only if it `heeds_profile`.

    Set to nothing, it counts as unset: botocore would look for a profile without a name.
    """
    variables = ("AWS_DEFAULT_PROFILE", "AWS_PROFILE") if heeds_profile else ()
    filled = next((name for name in variables if os.environ.get(name)), None)
    # Not by the profile's name: where one is given so, keys in the environment do not count any more.
    session = Session(session_vars={"profile": (None, filled, None, None)})
    session.register_component("data_loader", LOADER)
    return session


def preload(*services: str) -> None:
    """Read what botocore will want to know when a client of these services is made.

    The loader keeps what it read by the very words it was asked with, and these are botocore's. Were they
    others, nothing would be wrong but the time.
    """
    LOADER.load_data_with_path("endpoints")
    for name in ("endpoints", "partitions", "sdk-default-configuration"):
        LOADER.load_data(name)
    for service in services:
        for kind in ("service-2", "endpoint-rule-set-1"):
            LOADER.load_service_model(service, kind, api_version=None)
        version = LOADER.determine_latest_version(service, "service-2")
        for kind in ("waiters-2", "paginators-1"):
            with suppress(UnknownServiceError):  # there is none of this kind
                LOADER.load_service_model(service, kind, version)
