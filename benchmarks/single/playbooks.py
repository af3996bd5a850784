"""How long the playbooks take: a first deployment, an unchanged one, new credentials.

    python -m benchmarks.single.playbooks
    python -m benchmarks.single.playbooks --hosts 9 --other ../jobfleet-before

With `--other`, that checkout is measured beside this one. Each deploys a stack of its own to one cloud, with
this Python's Ansible, and they take turns, so that what else the machine does meets both. Boots hosts, and so
needs root.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
FIRST, UNCHANGED, CREDENTIALS = "site.yml, first", "site.yml, unchanged", "playbooks/credentials.yml"


@dataclass
class Checkout:
    """One checkout with its stack, and what its runs took: by kind, seconds and CPU seconds of each."""

    folder: Path
    stack: str
    state: Path
    took: dict[str, list[tuple[float, float]]] = field(default_factory=dict)

    def play(self, kind: str, hosts: int, environment: dict[str, str]) -> None:
        """Run a playbook; raise where it fails, or where an unchanged run changes anything."""
        values = {"stack_name": self.stack, "stack_folder": str(self.state), "instances_count": hosts}
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [str(program), kind.partition(",")[0], "--extra-vars", json.dumps(values)]
        before, started = _cpu(), time.monotonic()
        done = subprocess.run(  # noqa: S603 - Ansible itself
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        seconds = time.monotonic() - started
        recap = done.stdout.partition("PLAY RECAP")[2]
        if done.returncode or (kind == UNCHANGED and recap.count("changed=") != recap.count("changed=0 ")):
            said = done.stdout[-3000:] + done.stderr[-1000:]
            raise SystemExit(f"{kind} in {self.folder} went wrong:\n{said}")
        self.took.setdefault(kind, []).append((seconds, _cpu() - before))


def _cpu() -> float:
    """Return the CPU seconds of all processes that this one has waited for. Hosts do not count."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def cloud(run: Path) -> Iterator[dict[str, str]]:
    """Start an embedded AWS; yield the environment that points at it."""
    base = {**os.environ, "LOCALCLOUD_RUN": str(run)}

    def ask(*words: str) -> str:
        command = [sys.executable, "-m", "localcloud", *words]
        done = subprocess.run(  # noqa: S603 - this project's own program
            command, cwd=ROOT, env=base, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout

    ask("up")
    try:
        lines = [line.removeprefix("export ") for line in ask("env").splitlines() if "=" in line]
        yield {**base, **dict(line.split("=", 1) for line in lines)}
    finally:
        ask("down")


def table(checkouts: list[Checkout]) -> str:
    """Return the medians as lines of a table; with two checkouts, what part of the other's each takes."""
    lines = []
    for kind in (FIRST, UNCHANGED, CREDENTIALS):
        middle = [[median(each) for each in zip(*one.took[kind], strict=True)] for one in checkouts]
        cells = [f"{seconds:7.1f} s {cpu:6.1f} CPU s" for seconds, cpu in middle]
        if len(middle) == 2:
            (seconds, cpu), (other, other_cpu) = middle
            cells.append(f"{seconds / other:5.2f} of the time, {cpu / other_cpu:5.2f} of the CPU")
        lines.append(f"{kind:28}" + "   ".join(cells))
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--hosts", type=int, default=1, metavar="N", help="instances in each stack")
    parser.add_argument("--other", type=Path, metavar="FOLDER", help="another checkout")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often, after the first")
    asked = parser.parse_args()
    folders = [ROOT, *([asked.other.resolve()] if asked.other else [])]
    with tempfile.TemporaryDirectory() as temporary, cloud(Path(temporary) / "run") as environment:
        checkouts = [
            Checkout(folder, f"bench-{number}", Path(temporary) / f"stack-{number}")
            for number, folder in enumerate(folders)
        ]
        for kind in (FIRST, *(UNCHANGED, CREDENTIALS) * asked.rounds):
            for one in checkouts:
                one.play(kind, asked.hosts, environment)
                seconds, cpu = one.took[kind][-1]
                sys.stderr.write(f"{one.folder}: {kind}: {seconds:.1f} s, {cpu:.1f} CPU s\n")
    which = ", then ".join(str(one.folder) for one in checkouts)
    sys.stdout.write(f"Medians of {asked.rounds}, {asked.hosts} hosts: {which}\n{table(checkouts)}\n")


if __name__ == "__main__":
    main()
