"""Load balancers as callers see them: from CreateLoadBalancer to the answer, and no longer than the cloud."""

import os
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, Any

import pytest

from localcloud.commands.ask_server import server_of
from localcloud.state import RunFolder
from tests.abilities import need_program
from tests.localcloud_fixture import client_of, localcloud_command, parse_env
from tests.patience import patience, wait_for

ANSWER = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "200", "MessageBody": "yes"}}


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Let the answer itself be seen."""


def asked(url: str) -> tuple[int, str]:
    """Return status and body, or where a redirect leads; 0 where nobody listens."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _NoRedirects())
    try:
        with opener.open(url, timeout=patience(60)) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("Location", "")
    except OSError:
        return 0, ""


@pytest.fixture
def balancer(aws: Callable[[str], Any]) -> Iterator[tuple[str, str]]:
    """The ARN of a balancer, and its address."""
    need_program("haproxy")
    yield (made := new_balancer(aws))
    aws("elbv2").delete_load_balancer(LoadBalancerArn=made[0])


def new_balancer(aws: Callable[[str], Any]) -> tuple[str, str]:
    subnets = {one["AvailabilityZone"]: one["SubnetId"] for one in aws("ec2").describe_subnets()["Subnets"]}
    two = [subnets["us-east-1a"], subnets["us-east-1b"]]
    made = aws("elbv2").create_load_balancer(Name="whole", Subnets=two)["LoadBalancers"][0]
    return made["LoadBalancerArn"], made["DNSName"]


def test_a_certificate_of_acm_makes_https_and_http_leads_there(
    aws: Callable[[str], Any], balancer: tuple[str, str], tmp_path: Path
) -> None:
    arn, address = balancer
    key, chain = tmp_path / "key.pem", tmp_path / "cert.pem"
    words = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=example.com"]
    subprocess.run(["openssl", "req", *words, "-keyout", key, "-out", chain], check=True, capture_output=True)
    certificate = aws("acm").import_certificate(Certificate=chain.read_bytes(), PrivateKey=key.read_bytes())
    api = aws("elbv2")
    api.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTPS",
        Port=443,
        Certificates=[{"CertificateArn": certificate["CertificateArn"]}],
        DefaultActions=[ANSWER],
    )
    moved = {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"}
    redirect = {"Type": "redirect", "RedirectConfig": moved}
    api.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[redirect])

    wait_for(lambda: asked(f"https://{address}/") == (200, "yes"))
    wait_for(lambda: asked(f"http://{address}/a?b=1") == (301, f"https://{address}:443/a?b=1"))
    given = ssl.get_server_certificate((address, 443), timeout=patience(60))
    assert given.strip() == chain.read_text().strip()


def test_a_taken_port_is_a_failed_balancer_and_others_go_on(
    aws: Callable[[str], Any], balancer: tuple[str, str]
) -> None:
    arn, address = balancer
    api = aws("elbv2")
    with socket.create_server((address, 8080)):
        made = api.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=8080, DefaultActions=[ANSWER])

        def state() -> dict[str, str]:
            [found] = api.describe_load_balancers(LoadBalancerArns=[arn])["LoadBalancers"]
            return dict(found["State"])

        wait_for(lambda: state()["Code"] == "failed")
        assert "port 8080" in state()["Reason"]
    wait_for(lambda: state()["Code"] == "active")
    wait_for(lambda: asked(f"http://{address}:8080/") == (200, "yes"))
    api.delete_listener(ListenerArn=made["Listeners"][0]["ListenerArn"])
    wait_for(lambda: asked(f"http://{address}:8080/")[0] == 0)


def test_no_proxy_outlives_a_server_that_is_killed(tmp_path: Path) -> None:
    need_program("haproxy")
    run = tmp_path / "run"
    up = localcloud_command("up", run=run)
    assert up.returncode == 0, up.stderr
    try:
        environment = parse_env(localcloud_command("env", run=run).stdout)
        arn, address = new_balancer(lambda service: client_of(environment, service))
        client_of(environment, "elbv2").create_listener(
            LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[ANSWER]
        )
        wait_for(lambda: asked(f"http://{address}/") == (200, "yes"))
        status = localcloud_command("status", run=run).stdout
        assert f"load balancer whole: {address}" in status
        os.kill(server_of(RunFolder(run)).pid, signal.SIGKILL)
        wait_for(lambda: asked(f"http://{address}/")[0] == 0)
    finally:
        assert localcloud_command("down", run=run).returncode == 0
    assert not run.exists()
