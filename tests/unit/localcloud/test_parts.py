"""The parts of the embedded AWS that need no root and no server."""

import io
from pathlib import Path

import pytest

from localcloud.commands import up_and_down
from localcloud.errors import HostsUnavailableError, LocalcloudError
from localcloud.gaps.patching import put_over
from localcloud.hosts import capability
from localcloud.hosts.addresses import AddressRange
from localcloud.hosts.cgroups import hierarchies
from localcloud.hosts.disks.base_image import BOOKWORM, image_folder
from localcloud.state import RunFolder, cache_folder
from localcloud.wire.call import read_call

HYBRID = """\
tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0
cgroup /sys/fs/cgroup/systemd cgroup rw,relatime,name=systemd 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0
"""
UNIFIED = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "found"),
    [
        (HYBRID, ["/sys/fs/cgroup/memory", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified"]),
        (UNIFIED, ["/sys/fs/cgroup"]),
        ("", []),
    ],
)
def test_the_hierarchies_are_those_systemd_uses_and_memory_s(mounts: str, found: list[str]) -> None:
    assert [str(path) for path in hierarchies(mounts)] == found


def test_addresses_are_not_reused_soon_and_not_while_they_are_taken() -> None:
    addresses = AddressRange(7, None)  # type: ignore[arg-type]  # nothing claimed: no socket
    first, second = addresses.take(), addresses.take()
    addresses.give_back(second)

    rest = [addresses.take() for _ in range(244)]

    assert (first, second) == ("127.77.7.10", "127.77.7.11")
    assert first not in rest
    assert rest[0] == "127.77.7.12"
    assert rest[-1] == second, "the one given back comes when all others are taken"
    with pytest.raises(HostsUnavailableError, match="terminate"):
        addresses.take()


def test_a_request_is_described_by_method_service_and_action() -> None:
    scope = (
        "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=x"
    )
    form = b"Action=RunInstances&Version=2016-11-15"
    ec2 = {
        "REQUEST_METHOD": "POST",
        "HTTP_AUTHORIZATION": scope.format("ec2"),
        "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
        "CONTENT_LENGTH": str(len(form)),
        "wsgi.input": io.BytesIO(form),
    }
    sqs = {
        "REQUEST_METHOD": "POST",
        "HTTP_AUTHORIZATION": scope.format("sqs"),
        "HTTP_X_AMZ_TARGET": "AmazonSQS.SendMessage",
    }
    s3 = {
        "REQUEST_METHOD": "PUT",
        "PATH_INFO": "/bucket/a b",
        "QUERY_STRING": "X-Amz-Signature=secret&more=1",
    }

    assert read_call(ec2).words == "POST ec2 RunInstances"
    assert ec2["wsgi.input"].read() == form, "moto still gets the form"  # type: ignore[attr-defined]
    assert read_call(sqs).words == "POST sqs SendMessage"
    assert read_call(s3).words == "PUT - /bucket/a%20b?X-Amz-Signature"


def test_the_cache_follows_the_xdg_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    absolute = cache_folder()
    monkeypatch.setenv("XDG_CACHE_HOME", "relative/is/ignored")

    assert absolute == Path("/caches/jobfleet")
    assert cache_folder() == Path("/home/someone/.cache/jobfleet")


def test_clouds_of_different_folders_have_different_names(tmp_path: Path) -> None:
    assert RunFolder(tmp_path / "a").cloud != RunFolder(tmp_path / "b").cloud
    assert RunFolder(tmp_path / "a").cloud == RunFolder(tmp_path / "b" / ".." / "a").cloud


def test_a_stale_server_file_does_not_pass_for_a_server(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.create()
    (run.path / "server.json").write_text('{"pid": 1, "endpoint": "http://127.0.0.1:1"}')
    run.server_lock.touch()

    assert run.read_server_info() is None
    with pytest.raises(LocalcloudError, match="not up"):
        up_and_down.environment(run)


def test_missing_programs_are_named_by_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(HostsUnavailableError, match="run `apt-get install systemd-container mmdebstrap`"):
        capability._require_programs(tmp_path)
    image_folder(tmp_path, BOOKWORM).mkdir()
    with pytest.raises(HostsUnavailableError, match="run `apt-get install systemd-container`"):
        capability._require_programs(tmp_path)


def test_variables_in_the_way_are_unset_and_a_proxy_is_kept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    assert up_and_down.variables_in_the_way({"HOME": "/"}) == ["AWS_PROFILE"]
    assert up_and_down.variables_in_the_way({"AWS_ENDPOINT_URL_S3": "x", "AWS_DEFAULT_PROFILE": "y"}) == [
        "AWS_PROFILE",
        "AWS_DEFAULT_PROFILE",
        "AWS_ENDPOINT_URL_S3",
    ]
    assert up_and_down._no_proxy({}) == {}
    proxied = {"HTTP_PROXY": "somewhere", "no_proxy": "intranet"}
    assert up_and_down._no_proxy(proxied)["no_proxy"] == "intranet,127.0.0.1"


def test_a_mend_of_what_moto_no_longer_has_fails_loudly() -> None:
    class Moto:
        def present(self) -> str:
            return "moto"

    original = put_over(Moto, "present", lambda _: "ours")

    assert original(Moto()) == "moto"
    assert Moto().present() == "ours"
    with pytest.raises(AttributeError):
        put_over(Moto, "gone", None)
