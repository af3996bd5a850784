"""A cloud in which a minute of AWS's clock takes a second."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.localcloud_fixture import client_of, localcloud_command, parse_env

SCALE = 60


@pytest.fixture(scope="package")
def quick_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a cloud whose clock goes so much faster."""
    run = tmp_path_factory.mktemp("quick") / "run"
    up = localcloud_command("up", "--time-scale", str(SCALE), "--queue-names-after", "0", run=run)
    assert up.returncode == 0, up.stderr
    try:
        yield {**parse_env(localcloud_command("env", run=run).stdout), "LOCALCLOUD_RUN": str(run)}
    finally:
        down = localcloud_command("down", run=run)
        assert down.returncode == 0, down.stderr
        assert not Path(run).exists()


@pytest.fixture(scope="package")
def quick(quick_cloud: dict[str, str]) -> Iterator[Callable[[str], Any]]:
    """A function from a service's name to a boto3 client of that cloud."""
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = client_of(quick_cloud, service)
        return made[service]

    yield client
    for one in made.values():
        one.close()
