"""The commands that let AWS do what nobody asked it for."""

import re

from localcloud.commands.ask_server import ask, server_of
from localcloud.errors import LocalcloudError
from localcloud.hosts.disks.base_image import Say
from localcloud.state import RunFolder

_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z0-9]+")


def refuse(run: RunFolder, action: str, times: int, code: str | None, say: Say) -> None:
    """Let the next calls of an action fail. Raises `LocalcloudError`."""
    if not _ACTION.fullmatch(action):
        raise LocalcloudError(f"{action!r} is no action: say it as in a policy, such as ec2:RunInstances")
    ask(server_of(run), "refuse", call=action, times=times, code=code)
    how = f"with {code}" if code else "by an explicit deny"
    said = f"the next {times} calls of {action} are refused {how}"
    say(said if times else f"{action} is not refused any more")


def rebalance(run: RunFolder, group: str, say: Say) -> None:
    """Let a group balance its zones. Raises `LocalcloudError`."""
    done = ask(server_of(run), "rebalance", group=group)
    if done["launched"]:
        say(f"{group} launches {' '.join(done['launched'])}, and terminates as many when they are in service")
    else:
        suspended = f" (suspended: {', '.join(done['suspended'])})" if done["suspended"] else ""
        say(f"{group} is left as it is: nothing was launched{suspended}")
