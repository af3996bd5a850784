"""The counters count what was done, in names of their own."""

from jobfleet_web.model import FleetView, JobView
from jobfleet_web.work.metrics import Metrics


def test_uploads_jobs_and_problems_are_counted_apart() -> None:
    metrics, other = Metrics(), Metrics()
    metrics.uploaded("stats", 5, 0.1, 0.2)
    metrics.uploaded("stats", 7, 0.1, 0.2)
    metrics.job_done(JobView("x", "n", "stats", "failed", times={"waiting": 1.0, "working": 0.5}))
    metrics.problem("too-busy")
    metrics.held.inc()
    text = metrics.render().decode()
    for line in (
        'jobfleet_web_uploads_total{operation="stats"} 2.0',
        "jobfleet_web_upload_bytes_total 12.0",
        'jobfleet_web_jobs_total{operation="stats",outcome="failed"} 1.0',
        'jobfleet_web_problems_total{code="too-busy"} 1.0',
        'jobfleet_web_step_seconds_count{step="waiting"} 1.0',
        "jobfleet_web_held_requests 1.0",
    ):
        assert line in text.splitlines()
    names = [line.split(" ")[2] for line in text.splitlines() if line.startswith("# TYPE")]
    assert all(name.startswith("jobfleet_web_") for name in names)
    assert "stats" not in other.render().decode()


def test_odd_codes_of_failed_jobs_do_not_become_ever_more_series() -> None:
    metrics = Metrics()
    for number in range(1_000):
        metrics.problem(f"odd-{number}")
    metrics.problem("odd-0")
    lines = [line for line in metrics.render().decode().splitlines() if "problems_total{" in line]
    assert 'jobfleet_web_problems_total{code="odd-0"} 2.0' in lines
    assert 'jobfleet_web_problems_total{code="other"} 800.0' in lines
    assert len(lines) == 201


def test_how_the_fleet_scales_is_told_as_it_was_seen_last() -> None:
    metrics = Metrics()
    scaling = {"wanted": 3, "running": 2, "booting": 1, "leaving": 0, "max": 6}
    metrics.fleet_seen(FleetView({}, {"waiting": 7, "working": 4}, {}, "", scaling=scaling))
    lines = metrics.render().decode().splitlines()
    for name, value in {**scaling, "waiting": 7, "working": 4}.items():
        assert f"jobfleet_web_fleet_{name} {float(value)}" in lines
    metrics.fleet_seen(FleetView({}, {}, {}, ""))
    assert "jobfleet_web_fleet_wanted 0.0" in metrics.render().decode().splitlines()
