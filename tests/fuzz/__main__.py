"""Run the fuzzer by hand: `python -m tests.fuzz` for hours, `python -m tests.fuzz TARGET SEED` for one case.

What is found is printed at once, with the line that makes it again.
"""

import argparse
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz.child import target_of
from tests.fuzz.run import Found, Outcome, report, run
from tests.fuzz.targets import TARGETS

# Each target gets so many seconds before the next one has its turn.
TURN_SECONDS = 300.0


def main() -> int:
    """Do what is asked for; return 1 if anything was found."""
    reader = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    reader.add_argument("target", nargs="?", choices=sorted(TARGETS), help="one target; all if left out")
    reader.add_argument("seed", nargs="?", type=int, help="one case, shown and checked in this process")
    reader.add_argument("--minutes", type=float, default=60.0, help="for how long, in all (default: 60)")
    reader.add_argument("--keep", type=Path, metavar="FILE", help="write the input of one case there")
    given = reader.parse_args()
    if given.seed is not None:
        return _once(given.target, given.seed, given.keep)
    names = [given.target] if given.target else list(TARGETS)
    return _soak(names, given.minutes * 60)


def _once(name: str, seed: int, keep: Path | None) -> int:
    target = target_of(TARGETS[name])
    case = target.case(seed)
    sys.stdout.write(f"{case!r}"[:20_000] + "\n")
    if keep is not None:
        data = case.data
        keep.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    try:
        sys.stdout.write(target.check(case) + "\n")
    finally:
        target.stop()
    return 0


def _soak(names: list[str], seconds: float) -> int:
    """Give the targets turns, with seeds that no run had before."""
    over, outcomes = time.monotonic() + seconds, {name: Outcome() for name in names}
    while time.monotonic() < over:
        for name in names:
            until = min(over, time.monotonic() + TURN_SECONDS)
            done = run(TARGETS[name], _seeds(until), _tell)
            outcomes[name].words.update(done.words)
            outcomes[name].finds.extend(done.finds)
    for name, outcome in outcomes.items():
        sys.stdout.write("\n".join([f"== {name}", *report(outcome)]) + "\n")
    return int(any(outcome.finds for outcome in outcomes.values()))


def _seeds(until: float) -> Iterator[int]:
    while time.monotonic() < until:
        yield secrets.randbits(48)


def _tell(find: Found) -> None:
    sys.stdout.write(f"{find}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
