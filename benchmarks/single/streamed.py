"""How much memory numbers take from a file on disk beside those in memory, and how fast either way is.

`python -m benchmarks.single.streamed` makes files of growing size and describes each both ways, in a process
of its own each time. `--only streamed --mib 1908 --limit-mib 512` is two gigabytes in half a gigabyte.
"""

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.run import run, run_streamed

ROOT = Path(__file__).parents[2]
WAYS = ("memory", "streamed")
SIZES_MIB = (8, 32, 128)
# Time varies with what else the machine does: the best of so many.
ROUNDS = 2
MIB = 1024 * 1024


def numbers(size: int) -> Iterator[str]:
    """Yield lines of different floats, eleven characters each, `size` bytes together."""
    dice = random.Random(2026)  # noqa: S311 - test data
    left = size // 11
    while left > 0:
        yield "".join(f"{dice.random():.8f}\n" for _ in range(min(100_000, left)))
        left -= 100_000


def make_file(folder: Path, mib: int) -> Path:
    """Write such a file."""
    path = folder / f"{mib}.txt"
    with path.open("w") as file:
        file.writelines(numbers(mib * MIB))
    return path


def describe(way: str, path: Path, more: bool) -> dict[str, Any]:
    """Describe the numbers of a file in this process; return how many they are, and what it took."""
    operation, parameters = OPERATIONS["stats"], {"more": more}
    start, cpu = time.monotonic(), time.process_time()
    if way == "memory":
        outcome = run(operation, parameters, path.read_bytes(), None, Limits(1, 2**62))
    else:
        with path.open("rb") as file:
            outcome = run_streamed(operation, parameters, file, path.parent)
    return {
        "count": outcome.result["count"],
        "result": dict(outcome.result),
        "seconds": time.monotonic() - start,
        "cpu_seconds": time.process_time() - cpu,
        "peak_mib": peak_kib() / 1024,
    }


def peak_kib() -> int:
    """Return the most memory this process had, in KiB; what the one before it had does not count."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


def measure(way: str, path: Path, more: bool, limit_mib: int | None) -> dict[str, Any]:
    """Do it in a process of its own, with at most so much address space."""
    command = [sys.executable, "-m", "benchmarks.single.streamed", "--one", way, str(path)]
    command += ["--more"] * more + (["--limit-mib", str(limit_mib)] if limit_mib else [])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mib", type=int, nargs="+", default=SIZES_MIB, help="sizes of the files")
    parser.add_argument("--only", choices=WAYS, help="one way only")
    parser.add_argument("--more", action="store_true", help="variance, mode and so on too")
    parser.add_argument("--limit-mib", type=int, help="address space the process may have")
    parser.add_argument("--one", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        if options.limit_mib:
            resource.setrlimit(resource.RLIMIT_AS, (options.limit_mib * MIB,) * 2)
        say(json.dumps(describe(options.one[0], Path(options.one[1]), options.more)))
        return
    say("| MiB | numbers | way | peak MiB | CPU s | numbers a CPU second |")
    say("| --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:  # /tmp may be memory
        for mib in options.mib:
            path, results = make_file(Path(folder), mib), []
            for way in [options.only] if options.only else WAYS:
                rounds = [
                    measure(way, path, options.more, options.limit_mib)
                    for _ in range(1 if options.only else ROUNDS)
                ]
                best = min(rounds, key=lambda one: one["cpu_seconds"])
                results.append(best["result"])
                rate = best["count"] / best["cpu_seconds"]
                say(
                    f"| {mib} | {best['count']:,} | {way} | {best['peak_mib']:.0f} "
                    f"| {best['cpu_seconds']:.1f} | {rate:,.0f} |"
                )
            if any(result != results[0] for result in results):
                raise SystemExit(f"the ways differ at {mib} MiB: {results}")
            path.unlink()


if __name__ == "__main__":
    main()
