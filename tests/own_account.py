"""An account of its own in the embedded AWS for a test of a module: what all such accounts can do."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.door.call_log import read_calls
from tests.localcloud_fixture import new_key


@dataclass
class OwnAccount:
    """An account by its `number`, with a key that may do everything there."""

    number: str
    key: dict[str, str]

    def calls(self, key: dict[str, str]) -> list[str]:
        """Return the actions that a key has called."""
        path = Path(self.key["LOCALCLOUD_RUN"]) / "calls.jsonl"
        return [row["action"] for row in read_calls(path, access_key=key["AWS_ACCESS_KEY_ID"])]

    def key_that(self, folder: Path, *statements: dict[str, Any]) -> dict[str, str]:
        """Return a key that may do all but what these statements deny."""
        everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        file = folder / "policy.json"
        file.write_text(json.dumps({"Version": "2012-10-17", "Statement": [everything, *statements]}))
        return new_key(self.key, account=self.number, policy=file)
