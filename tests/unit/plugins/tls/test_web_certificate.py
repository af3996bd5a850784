"""The certificates of web hosts: what trusts them, when a new one is made, and who reads the keys."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.tls.certificates import make_authority, make_for_host

from tests.unit.plugins.actions import action, run

HOSTS = ["203.0.113.7", "10.0.0.5", "2001:db8::1", "page.example.org"]


def ensure(folder: Path, hosts: list[str] = HOSTS, *, name: str = "i-1", **more: Any) -> dict[str, Any]:
    arguments = {"authority_name": "jobfleet mine", "days": 365, "renew_days": 30, **more}
    check_mode = arguments.pop("check_mode", False)
    return run(
        action("web_certificate"),
        {"folder": str(folder), "name": name, "hosts": hosts, **arguments},
        name="web_certificate",
        check_mode=check_mode,
    )


def speak(made: dict[str, Any], called: str, authority: str | None = None) -> None:
    """Let a client that calls the host by a name shake hands with a server, in memory."""
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(made["certificate"], made["key"])
    client_side = ssl.create_default_context(cafile=authority or made["authority"])
    client_side.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = server_side.wrap_bio(to_server, to_client, server_side=True)
    client = client_side.wrap_bio(to_client, to_server, server_hostname=called)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.getpeercert()


@pytest.mark.parametrize("called", HOSTS)
def test_whoever_trusts_the_authority_trusts_the_host_by_each_of_its_names(
    tmp_path: Path, called: str
) -> None:
    speak(ensure(tmp_path), called)


def test_another_name_and_another_authority_are_not_trusted(tmp_path: Path) -> None:
    made = ensure(tmp_path)
    (tmp_path / "other").mkdir()
    other = ensure(tmp_path / "other")

    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        speak(made, "203.0.113.8")
    with pytest.raises(ssl.SSLCertVerificationError):
        speak(made, "203.0.113.7", authority=other["authority"])


def test_a_second_run_changes_nothing_and_a_second_host_has_the_same_authority(tmp_path: Path) -> None:
    first, again, second = ensure(tmp_path), ensure(tmp_path), ensure(tmp_path, ["10.0.0.6"], name="i-2")

    assert [one["changed"] for one in (first, again, second)] == [True, False, True]
    assert first["authority"] == second["authority"]
    speak(first, "10.0.0.5")
    speak(second, "10.0.0.6")


def test_keys_are_their_owner_s_alone_and_are_not_shown(tmp_path: Path) -> None:
    made = ensure(tmp_path)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == {"web-ca.key": 0o600, "web-ca.pem": 0o644, "web-i-1.key": 0o600, "web-i-1.pem": 0o644}
    assert "PRIVATE" not in str(made)


def test_check_mode_makes_it_too_so_that_what_follows_can_tell_what_changes(tmp_path: Path) -> None:
    told = ensure(tmp_path, check_mode=True)

    assert told["changed"] is True
    assert told["diff"]["after"]["hosts"] == HOSTS
    speak(told, HOSTS[0])
    assert ensure(tmp_path)["changed"] is False


def test_a_new_address_makes_a_new_certificate_of_the_same_authority(tmp_path: Path) -> None:
    before = ensure(tmp_path)
    authority = Path(before["authority"]).read_bytes()

    after = ensure(tmp_path, ["203.0.113.9"])

    assert (after["changed"], after["why"]) == (True, "the host has other addresses or names")
    assert Path(after["authority"]).read_bytes() == authority
    speak(after, "203.0.113.9")


def test_a_new_one_is_made_thirty_days_before_the_end_and_not_a_day_earlier(tmp_path: Path) -> None:
    ensure(tmp_path, days=31)
    assert ensure(tmp_path)["changed"] is False

    ensure(tmp_path, ["203.0.113.9"], days=29)
    after = ensure(tmp_path, ["203.0.113.9"])

    assert after["changed"] is True
    assert after["why"].startswith("it ends at ")


def test_an_authority_near_its_end_is_made_anew_with_all_that_it_signed(tmp_path: Path) -> None:
    old = make_authority("jobfleet mine", datetime.now(UTC) - timedelta(days=3650 - 29))
    host = make_for_host(old, HOSTS, datetime.now(UTC), days=365)
    for name, pair in (("web-ca", old), ("web-i-1", host)):
        (tmp_path / f"{name}.pem").write_bytes(pair.certificate_pem)
        (tmp_path / f"{name}.key").write_bytes(pair.key_pem)

    after = ensure(tmp_path)

    assert (after["changed"], after["why"]) == (True, "it is signed by another authority")
    speak(after, "203.0.113.7")


# A missing key of the authority is another matter: see below.
HARMS = [
    (harm, with_what)
    for harm in ("web-ca.key", "web-ca.pem", "web-i-1.key", "web-i-1.pem")
    for with_what in (None, "no certificate", "of another")
    if (harm, with_what) != ("web-ca.key", None)
]


@pytest.mark.parametrize(("harm", "with_what"), HARMS)
def test_what_is_lost_or_harmed_is_made_anew(tmp_path: Path, harm: str, with_what: str | None) -> None:
    ensure(tmp_path)
    if with_what is None:
        (tmp_path / harm).unlink()
    elif with_what == "of another":
        (tmp_path / "other").mkdir()
        ensure(tmp_path / "other")
        (tmp_path / "other" / harm).replace(tmp_path / harm)
    else:
        (tmp_path / harm).write_text(with_what)

    after = ensure(tmp_path)

    assert after["changed"] is True
    speak(after, "203.0.113.7")
    assert ensure(tmp_path)["changed"] is False


@pytest.mark.parametrize("host", ["two words", "a_b", "http://x", "-x"])
def test_what_is_no_host_is_named(tmp_path: Path, host: str) -> None:
    answer = ensure(tmp_path, [host])

    assert answer["failed"] is True
    assert f"'{host}' is no address and no name of a host" in answer["msg"]


def test_a_second_machine_without_the_authoritys_key_makes_no_other_authority(tmp_path: Path) -> None:
    made = ensure(tmp_path)
    trusted = Path(made["authority"]).read_bytes()
    (tmp_path / "web-ca.key").unlink()

    refused = ensure(tmp_path)

    assert refused["failed"]
    for words in (f"{tmp_path}/web-ca.key is not", "Copy that file", f"delete {tmp_path}/web-ca.pem"):
        assert words in refused["msg"]
    assert Path(made["authority"]).read_bytes() == trusted


def test_a_hosts_lost_key_is_made_again_under_the_same_authority(tmp_path: Path) -> None:
    made = ensure(tmp_path)
    Path(made["key"]).unlink()

    again = ensure(tmp_path)

    assert again["changed"]
    speak(again, HOSTS[0], authority=made["authority"])
