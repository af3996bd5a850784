"""Requests to a cloud's server from the process of a command."""

import json
import urllib.error
import urllib.request
from typing import Any

from localcloud.control.admin_paths import SECRET_HEADER
from localcloud.errors import LocalcloudError
from localcloud.state import ADMIN_PATH, STATUS_PATH, RunFolder, ServerInfo

_ANSWER_SECONDS = 10.0


def server_of(run: RunFolder) -> ServerInfo:
    """Return what is known of the running server. Raises `LocalcloudError` if there is none."""
    info = run.read_server_info()
    if info is None:
        raise LocalcloudError("not up: start it with `python -m localcloud up`")
    return info


def ask_status(info: ServerInfo) -> dict[str, Any]:
    """Return what the server says of itself. Raises `LocalcloudError`."""
    return _ask(info, urllib.request.Request(info.endpoint + STATUS_PATH))  # noqa: S310  our own address


def ask(info: ServerInfo, action: str, **asked: Any) -> dict[str, Any]:
    """Let the server do something; None in `asked` leaves it to the server. Raises `LocalcloudError`."""
    body = json.dumps({name: value for name, value in asked.items() if value is not None})
    headers = {SECRET_HEADER: info.secret, "Content-Type": "application/json"}
    request = urllib.request.Request(  # noqa: S310  our own address
        info.endpoint + ADMIN_PATH + action, body.encode(), headers, method="POST"
    )
    return _ask(info, request)


def _ask(info: ServerInfo, request: urllib.request.Request) -> dict[str, Any]:
    # No proxy may come between: it is this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_ANSWER_SECONDS) as answer:
            found: dict[str, Any] = json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            raise LocalcloudError(json.load(error).get("error", str(error))) from error
    except OSError as error:
        raise LocalcloudError(f"{info.endpoint} does not answer ({error}): run `down` and `up`") from error
    return found
