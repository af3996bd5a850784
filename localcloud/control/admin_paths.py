"""The paths by which commands reach the server: none that a bucket can have, and a secret opens them."""

import hmac
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from localcloud.control.session import Session
from localcloud.errors import LocalcloudError
from localcloud.iam.keyring import HOME_ACCOUNT, Credential
from localcloud.lateness.register import late
from localcloud.state import ADMIN_PATH, PUNCTUAL, STATUS_PATH

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

SECRET_HEADER = "X-Localcloud-Secret"  # noqa: S105  its name
_SECRET_KEY = "HTTP_X_LOCALCLOUD_SECRET"  # noqa: S105  its name in WSGI
_BODY_MAX_BYTES = 1024 * 1024

_Asked = dict[str, Any]
Action = Callable[[_Asked], dict[str, Any]]
"""Does what a command asks for. Raises `LocalcloudError` with the sentence that the command then says."""


class Admin:
    """Answers the commands. Only `status` is for everybody."""

    def __init__(
        self,
        secret: str,
        session: Session,
        status: Callable[[], dict[str, Any]],
        more: Mapping[str, Action],
    ) -> None:
        """Let in who knows `secret`, which lies in the run folder that only its owner can read.

        `more` are the actions of the cloud's parts, by their paths.
        """
        self._secret = secret
        self._status = status
        self._session = session
        self._actions: dict[str, Action] = {
            "credentials": self._credentials,
            "session/cancel": self._cancel,
            "session/expire": self._expire,
            "session/end": self._end,
            "session/start": self._start,
            "delays": self._delays,
            **more,
        }

    def answer(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer with JSON: what was asked for, or `error` with a sentence."""
        status, found = self._find(environ)
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(found).encode()]

    def _find(self, environ: "WSGIEnvironment") -> tuple[str, dict[str, Any]]:
        path = environ.get("PATH_INFO", "")
        if path == STATUS_PATH:
            return "200 OK", self._status()
        if not hmac.compare_digest(environ.get(_SECRET_KEY, "").encode(), self._secret.encode()):
            return "403 Forbidden", {"error": "the secret in the run folder's server.json is wanted"}
        action = self._actions.get(path.removeprefix(ADMIN_PATH))
        if action is None or environ["REQUEST_METHOD"] != "POST":
            return "404 Not Found", {"error": f"there is no {environ['REQUEST_METHOD']} {path}"}
        size = min(int(environ.get("CONTENT_LENGTH") or 0), _BODY_MAX_BYTES)
        try:
            return "200 OK", action(json.loads(environ["wsgi.input"].read(size) or b"{}"))
        except LocalcloudError as error:
            return "409 Conflict", {"error": str(error)}

    def _credentials(self, asked: _Asked) -> dict[str, Any]:
        account = asked.get("account") or HOME_ACCOUNT
        if asked.get("cancelled"):
            return _shown(self._session.issue_cancelled(account))
        return _shown(self._session.issue(asked.get("seconds"), account, asked.get("policy")))

    def _cancel(self, asked: _Asked) -> dict[str, Any]:
        return {"keys": self._session.cancel()}

    def _expire(self, asked: _Asked) -> dict[str, Any]:
        return {"keys": self._session.expire()}

    def _end(self, asked: _Asked) -> dict[str, Any]:
        dead, stopping = self._session.end()
        return {"keys": dead, "instances": stopping}

    def _start(self, asked: _Asked) -> dict[str, Any]:
        credential, starting = self._session.start(asked.get("seconds"), asked.get("account") or HOME_ACCOUNT)
        return {**_shown(credential), "instances": starting}

    def _delays(self, asked: _Asked) -> dict[str, Any]:
        """Be so late from now on: for tests, which turn lateness on and off."""
        late.set(replace(PUNCTUAL, **asked))
        return asdict(late.delays)


def _shown(credential: Credential) -> dict[str, Any]:
    return {
        "block": credential.block(),
        "access_key_id": credential.key_id,
        "account": credential.account,
        "expires": credential.expires,
        "principal": credential.principal,
    }
