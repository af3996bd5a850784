"""What a call to AWS costs the worker in CPU, sent directly (`direct_calls.clients`) and by boto3.

.venv/bench/bin/python -m benchmarks.single.calls
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.double.control import double, environment
from benchmarks.telling.places import ROOT, project_python


def main() -> int:
    """Measure in the worker's own Python; print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.single.calls", description="Measure calls to AWS.")
    parser.add_argument("--worker-python", default=project_python(), help="the Python that runs the worker")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="jobfleet-bench-") as name, double(Path(name)) as steering:
        steering.reset()
        command = [options.worker_python, "-m", "benchmarks.peers.calls"]
        env = environment(steering.endpoint, Path(name))
        return subprocess.run(command, env=env, cwd=ROOT, check=False).returncode  # noqa: S603


if __name__ == "__main__":
    sys.exit(main())
