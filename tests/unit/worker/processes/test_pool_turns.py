"""Groups take turns for the processes."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from jobfleet_worker.operations.custom import OwnOperation
from jobfleet_worker.processes.pool import TASKS_PER_SLOT, Pool
from jobfleet_worker.settings import from_mapping

from tests import neighbours
from tests.patience import wait_for

NAMES = ("stack", "region", "bucket", "request_queue", "response_queue", "dead_letter_queue")


def test_a_job_of_another_group_does_not_wait_for_all_of_the_first(tmp_path: Path) -> None:
    pool = Pool(from_mapping({**dict.fromkeys(NAMES, "st"), "processes": 1}))
    wait = OwnOperation("wait", "file", "…", gives="answer", entry=f"{neighbours.__name__}:wait")
    begun: list[str] = []
    names = ["a1", "a2", "a3", "a4", "a5", "b1"]
    with ThreadPoolExecutor(len(names)) as threads:
        try:
            for number, name in enumerate(names, 1):
                threads.submit(
                    pool.run, wait, {}, str(tmp_path / name).encode(), None,
                    begun=lambda name=name: begun.append(name), group=name[0],
                )  # fmt: skip
                wait_for(
                    lambda number=number: len(begun) + len(pool._places._line) == number, seen=f"{name} came"
                )
            assert begun == ["a1", "a2"][:TASKS_PER_SLOT]
            for number, name in enumerate(("a1", "a2"), TASKS_PER_SLOT + 1):
                (tmp_path / name).touch()
                wait_for(lambda number=number: len(begun) == number, seen=f"{name} has ended")
            assert begun == ["a1", "a2", "a3", "b1"]
        finally:
            for name in names:
                (tmp_path / name).touch()
    pool.stop()
