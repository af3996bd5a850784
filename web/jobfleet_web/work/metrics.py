"""Counters and times of the web tier, as Prometheus reads them."""

from prometheus_client import CONTENT_TYPE_LATEST as CONTENT_TYPE
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from jobfleet_web.model import FleetView, JobView

# Seconds: from an answer that is there at once to one that somebody waits for in vain.
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)

# The fleet as it was seen last, at most some seconds ago.
_SCALING = {
    "wanted": "Hosts that the scaler wants.", "running": "Hosts whose worker is alive.",
    "booting": "Hosts that start.", "leaving": "Hosts that finish their work and go.",
    "max": "Hosts that there may be.", "waiting": "Jobs in line.", "working": "Jobs in the hands of workers.",
}  # fmt: skip

# Each code is counted in a series of its own, and jobs fail with codes that packages think of.
_CODES_MAX = 200


class Metrics:
    """What one process counts, in a registry of its own.

    `held` is how many requests are held now, `computing` how many of `/work`.
    """

    content_type = CONTENT_TYPE

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._codes: set[str] = set()
        self._uploads = Counter(
            "jobfleet_web_uploads", "Uploads that were acknowledged.", ["operation"], registry=self.registry
        )
        self._bytes = Counter("jobfleet_web_upload_bytes", "Their bytes.", registry=self.registry)
        self._jobs = Counter(
            "jobfleet_web_jobs", "Jobs of this process that are done, by how they ended.",
            ["operation", "outcome"], registry=self.registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "jobfleet_web_step_seconds",
            "Seconds by step: upload, storing, waiting, working, answering.",
            ["step"], buckets=_BUCKETS, registry=self.registry,
        )  # fmt: skip
        self._problems = Counter(
            "jobfleet_web_problems", "Requests that were answered with a problem.", ["code"],
            registry=self.registry,
        )  # fmt: skip
        self._scaling = {
            name: Gauge(f"jobfleet_web_fleet_{name}", words, registry=self.registry)
            for name, words in _SCALING.items()
        }
        self._cpu_work = Counter(
            "jobfleet_web_cpu_work", "Requests to /work, by how they ended: done, left or refused.",
            ["outcome"], registry=self.registry,
        )  # fmt: skip
        self.computing = Gauge(
            "jobfleet_web_cpu_work_held", "Requests to /work that compute or wait.", registry=self.registry
        )
        self.held = Gauge("jobfleet_web_held_requests", "Requests that are held.", registry=self.registry)

    def uploaded(self, operation: str, size: int, received: float, storing: float) -> None:
        """Count an upload that was acknowledged: how long it took to come in, and to be stored and sent."""
        self._uploads.labels(operation).inc()
        self._bytes.inc(size)
        self._seconds.labels("upload").observe(received)
        self._seconds.labels("storing").observe(storing)

    def job_done(self, job: JobView) -> None:
        """Count a job that is done."""
        self._jobs.labels(job.operation, job.status).inc()
        for step in ("waiting", "working", "answering"):
            if step in job.times:
                self._seconds.labels(step).observe(job.times[step])

    def fleet_seen(self, fleet: FleetView) -> None:
        """Note how the fleet scales; all gauges are 0 where it does not."""
        told = fleet.scaling or {}
        numbers = {**told, "waiting": fleet.queue.get("waiting"), "working": fleet.queue.get("working")}
        for name, gauge in self._scaling.items():
            gauge.set(numbers.get(name) or 0)

    def cpu_work(self, outcome: str) -> None:
        """Count a request to `/work`: done, left (its sender had gone) or refused."""
        self._cpu_work.labels(outcome).inc()

    def problem(self, code: str) -> None:
        """Count a request that was answered with a problem."""
        if len(self._codes) < _CODES_MAX:
            self._codes.add(code)
        self._problems.labels(code if code in self._codes else "other").inc()

    def render(self) -> bytes:
        """Return all of it in Prometheus's text format."""
        return generate_latest(self.registry)
