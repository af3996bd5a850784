"""Keys that may do only what statements allow."""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.aws.localcloud.iam.policed import Policed
from tests.localcloud_fixture import client_of, new_key


@pytest.fixture
def policed(localcloud: dict[str, str], tmp_path: Path) -> Iterator[Policed]:
    """A function from statements to a function to clients that may do no more."""
    with ExitStack() as closing:

        def key(*statements: dict[str, Any]) -> Callable[[str], Any]:
            file = tmp_path / f"{uuid.uuid4().hex}.json"
            file.write_text(json.dumps({"Version": "2012-10-17", "Statement": statements}))
            environment = new_key(localcloud, policy=file)

            def client(service: str) -> Any:
                made = client_of(environment, service)
                closing.callback(made.close)
                return made

            return client

        yield key
