"""The module `web_certificate` in Ansible's own process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ansible.plugins.loader import action_loader

InProcess = action_loader.get("in_process", class_only=True)

from ansible.module_utils.process.failure import Failure
from ansible.module_utils.tls.certificates import make_authority, make_for_host, why_over, why_unfit
from ansible.module_utils.tls.pair_files import KeyMissing, Pair, alone, find_pair, write_pair

AUTHORITY = "web-ca"


class ActionModule(InProcess):
    """The action."""

    def work(self) -> dict[str, Any]:
        """Make the authority and the certificate where they are missing, over, or no longer fit."""
        folder = Path(self.params["folder"])
        files = {
            "authority": str(folder / f"{AUTHORITY}.pem"),
            "certificate": str(folder / f"web-{self.params['name']}.pem"),
            "key": str(folder / f"web-{self.params['name']}.key"),
        }
        try:
            # Hosts are dealt with side by side.
            with alone(folder):
                why = self._ensure(folder)
        except (OSError, ValueError) as problem:
            raise Failure(f"The certificate of {self.params['name']} cannot be made: {problem}") from problem
        if not why:
            return files
        told = {"certificate": files["certificate"], "hosts": self.params["hosts"], "why": why}
        return {**files, "changed": True, "why": why, "diff": {"before": {}, "after": told}}

    def _ensure(self, folder: Path) -> str:
        now = datetime.now(UTC)
        soon = now + timedelta(days=self.params["renew_days"])
        authority = self._authority(folder)
        if authority is None or why_over(authority, soon):
            authority = make_authority(self.params["authority_name"], now)
            write_pair(folder, AUTHORITY, authority)
        name = f"web-{self.params['name']}"
        try:
            pair = find_pair(folder, name)
        except KeyMissing:
            # Nobody trusts a host's own certificate by itself, so it is made again.
            pair = None
        why = why_unfit(pair, authority, self.params["hosts"], soon) if pair else "there is none"
        if why:
            host = make_for_host(authority, self.params["hosts"], now, self.params["days"])
            write_pair(folder, name, host)
        return why

    def _authority(self, folder: Path) -> Pair | None:
        try:
            return find_pair(folder, AUTHORITY)
        except KeyMissing as problem:
            raise Failure(
                f"{problem}: another machine deployed this stack. Copy that file from there, mode 0600, and "
                f"run this again. If it is lost, delete {folder}/{AUTHORITY}.pem: a new authority is made, "
                "and everybody who trusts the old one must be told the new one"
            ) from problem
