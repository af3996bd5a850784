"""The columns of progress bars. Imported only where there is a terminal to show one on."""

from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.text import Text


class _Rate(ProgressColumn):
    """How many are done in a second, or in a minute where that is less than one."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.0f}/s" if speed >= 1 else f"{speed * 60:.0f}/min")


def columns(*, in_bytes: bool) -> tuple[ProgressColumn, ...]:
    """Return what a bar shows of things, or of bytes."""
    start = TextColumn("{task.description}", markup=False), BarColumn()
    end = TimeRemainingColumn(), TextColumn("left")
    if in_bytes:
        return *start, DownloadColumn(), TransferSpeedColumn(), *end
    return *start, MofNCompleteColumn(), _Rate(), *end
