from pathlib import Path

import pytest
from jobfleet_scaling.simulate.workloads.files import BadArrivals, workload_from


def jobs_of(path: Path, tick: float = 10.0) -> list[tuple[float, float]]:
    ticks = workload_from(path).ticks(tick, 0)
    return [job for arrivals, services in ticks for job in zip(arrivals, services, strict=True)]


def test_lines_of_csv_and_of_json_are_jobs_in_order_from_0_on(tmp_path: Path) -> None:
    file = tmp_path / "jobs.csv"
    file.write_text('seconds,service\n# a remark\n130,2.5\n\n100,1\n{"at": 145.5, "seconds": 4}\n')
    assert jobs_of(file) == [(0, 1), (30, 2.5), (45.5, 4)]


def test_a_job_without_a_time_of_its_own_gets_one_that_is_the_same_each_time(tmp_path: Path) -> None:
    file = tmp_path / "jobs"
    file.write_text("".join(f"{number}\n" for number in range(2_000)))
    services = [seconds for _, seconds in jobs_of(file)]
    assert sum(services) / len(services) == pytest.approx(5, rel=0.1)
    assert jobs_of(file, 60.0) == jobs_of(file)


@pytest.mark.parametrize("line", ["now", "1,two", "1,0", "1,-3", "nan", "inf", '{"seconds": 2}', "{", "[1]"])
def test_a_line_that_is_no_job_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "jobs.csv"
    file.write_text(f"1,2\n{line}\n")
    with pytest.raises(BadArrivals, match=r"jobs.csv, line 2: .* a line is: seconds\[,service seconds\]"):
        workload_from(file)


def test_a_file_without_jobs_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "empty"
    file.write_text("# nothing\n")
    with pytest.raises(BadArrivals, match="empty has no job"):
        workload_from(file)
