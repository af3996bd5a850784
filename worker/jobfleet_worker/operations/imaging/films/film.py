"""Frames as they were read, one after the other."""

from dataclasses import dataclass

from jobfleet_worker.operations.imaging.picture import Frame


@dataclass(frozen=True)
class Film:
    """Whole frames as a viewer shows them, and how often they play: `plays` is 0 for ever, else at least 1.

    A still picture, and pages, have no times, and None for their plays. `notes` are
    sentences for the sender, `reading` those on what decoding cost. `complete` is False where the file
    shows more than these frames.
    """

    frames: tuple[Frame, ...]
    plays: int | None
    notes: tuple[str, ...] = ()
    reading: tuple[str, ...] = ()
    complete: bool = True
