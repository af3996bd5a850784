"""What workers tell of how long a job takes."""

from collections import deque

# After so long half of what is known is of newer jobs.
HALF_LIFE_SECONDS = 120.0


class ServiceTime:
    """How long jobs take, as far as one knows: by those that are done."""

    def __init__(self, tick: float) -> None:
        self._faded = 0.5 ** (tick / HALF_LIFE_SECONDS)
        self._coming: deque[tuple[float, float, int]] = deque()
        self._seconds = 0.0
        self._jobs = 0.0

    def note(self, at: float, seconds: float, jobs: int) -> None:
        """Take in jobs that began: they will be done after their time on average."""
        if jobs:
            self._coming.append((at + seconds / jobs, seconds, jobs))

    def known(self, now: float) -> float:
        """Return the mean in seconds; 0 as long as none is done."""
        self._seconds *= self._faded
        self._jobs *= self._faded
        while self._coming and self._coming[0][0] <= now:
            _, seconds, jobs = self._coming.popleft()
            self._seconds += seconds
            self._jobs += jobs
        return self._seconds / self._jobs if self._jobs > 1e-9 else 0.0
