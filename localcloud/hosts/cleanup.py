"""The removal of all that a cloud may have left: after `down`, and after a kill -9 of its server."""

import os
import shutil
from pathlib import Path

from localcloud.hosts.cgroups import Group
from localcloud.hosts.disks.mounts import unmount_below
from localcloud.hosts.firewall import remove_redirect
from localcloud.hosts.host import remove_nspawn_leftovers
from localcloud.state import RunFolder


def remove_leftovers(run: RunFolder) -> list[str]:
    """Kill the hosts of a dead server, unmount their disks and remove their files.

    Returns what there was to remove, each as words. Safe to repeat. Raises `LocalcloudError` if something
    resists.
    """
    removed = [f"instance {host.name}" for host in sorted(run.hosts.glob("*")) if (host / "root").exists()]
    removed += [f"image {layer.name}" for layer in sorted(run.layers.glob("*"))]
    if os.geteuid() == 0:
        group = Group(f"localcloud-{run.cloud}")
        if pids := group.pids():
            removed.append(f"{len(pids)} processes")
        group.destroy()
        unmount_below(Path(os.path.realpath(run.path)))
        remove_redirect(run.cloud)
        remove_nspawn_leftovers([host.name for host in run.hosts.glob("*")])
    for folder in (run.hosts, run.layers, run.balancers):
        if folder.exists():
            # Everything below is unmounted, or the line above would have raised.
            shutil.rmtree(folder)
    for name in ("server.json", "settings.json", "images.json", "server.lock"):
        (run.path / name).unlink(missing_ok=True)
    return removed


def remove_run_folder(run: RunFolder) -> None:
    """Remove the whole run folder, logs included."""
    remove_leftovers(run)
    shutil.rmtree(run.path)
