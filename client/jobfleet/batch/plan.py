"""The plan of a run: which images are meant and where each output goes, before anything is sent."""

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jobfleet_jobs.operations.image_formats import IMAGE_ENDINGS

from jobfleet.errors import BadInput, BadOutput
from jobfleet.files.paths import are_one, can_be, folds_case, is_folder, is_stream, named, resolved
from jobfleet.sending.output_paths import WantedOutput


@dataclass(frozen=True)
class BatchItem:
    """One image: its file, where its output goes (None: nowhere) and what it is called in the bucket.

    `size` in bytes and `changed` (nanoseconds of Unix time) tell whether the file is still the same.
    """

    source: Path
    out: Path | None
    name: str | None
    size: int
    changed: int


@dataclass
class BatchPlan:
    """What is to be done, and the files in folders that are left alone because of their names."""

    items: list[BatchItem] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)


def make_plan(wanted: WantedOutput, given: Sequence[str]) -> BatchPlan:
    """Find the images in files and folders. Raises `BadInput` and `BadOutput`.

    With `out`, a folder, outputs go there: those of one folder under their paths in it, those of
    several under the folders' names too. Without it, a file's goes beside the working folder's files
    as `<file>-<operation>`, and a folder's into `<folder>-<operation>`. `name` is a folder in the bucket.
    """
    operation, name = wanted.operation.name, wanted.name
    base = Path(wanted.out) if wanted.out is not None else None
    if base is not None and not is_folder(base):
        _refuse_file(base)
    plan = BatchPlan()
    seen: set[Path] = set()
    for word in given:
        path = Path(word)
        folder = base if base is not None else _default_folder(path, operation)
        for source, within in _inputs(wanted, path, folder, plan.skipped):
            if (whole := resolved(source)) in seen:
                continue
            seen.add(whole)
            relative = within if len(given) == 1 or not is_folder(path) else _named(path) / within
            target = _target(path, operation, base, folder, within, relative) if wanted.fetched else None
            if target is not None:
                target = target.with_name(wanted.local_name(target.name))
            called = wanted.file_name(f"{(name or '').rstrip('/')}/{relative.as_posix()}")
            plan.items.append(_item(source, target, None if name is None else called))
    if not plan.items:
        where = ", ".join(map(named, given))
        if wanted.operation.takes == "image":
            raise BadInput(f"there is no image in {where}: no file name has the ending of an image")
        raise BadInput(f"there is no file in {where}")
    _refuse_clashes(plan.items, seen)
    return plan


def _refuse_file(base: Path) -> None:
    if not can_be(base):
        raise BadOutput(f"{named(base)} is no name that a folder can have; give another with --out")
    try:
        base.lstat()
    except FileNotFoundError:
        return
    except OSError as problem:
        raise BadOutput(f"{named(base)} cannot be written: {problem.strerror}") from problem
    raise BadOutput(f"{named(base)} is a file; the outputs of several images need a folder")


def _target(
    path: Path, operation: str, base: Path | None, folder: Path, within: Path, relative: Path
) -> Path:
    if base is not None:
        return base / relative
    if is_folder(path):
        return folder / within
    return Path(f"{path.stem}-{operation}{path.suffix}")


def _default_folder(path: Path, operation: str) -> Path:
    return Path(f"{_named(path)}-{operation}")


def _named(path: Path) -> Path:
    return Path(path.name if path.name not in ("", "..") else resolved(path).name or "images")


def _inputs(wanted: WantedOutput, path: Path, out: Path, skipped: list[Path]) -> Iterator[tuple[Path, Path]]:
    """Give the files at `path`, and where in it they lie; what is in `out` is none of the input.

    Of a folder, all are taken, or the images where images are what is wanted.
    """
    if not is_folder(path):
        yield path, Path(path.name)
        return
    for where, folders, files in os.walk(path, onerror=_unreadable):
        here = Path(where)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not are_one(here / name, out)
        )
        for name in sorted(files):
            file = here / name
            of_its_kind = wanted.operation.takes != "image" or file.suffix.lower() in IMAGE_ENDINGS
            if name.startswith(".") or not of_its_kind or is_stream(file):
                skipped.append(file)
            else:
                yield file, file.relative_to(path)


def _unreadable(problem: OSError) -> None:
    raise BadInput(f"the folder {named(problem.filename)} cannot be read: {problem.strerror}") from problem


def _item(source: Path, out: Path | None, name: str | None) -> BatchItem:
    if not can_be(source):
        raise BadInput(f"{named(source)} is no name that a file can have")
    try:
        found = source.stat()
    except FileNotFoundError as problem:
        raise BadInput(f"there is no file {named(source)}") from problem
    except OSError as problem:
        raise BadInput(f"{named(source)} cannot be read: {problem.strerror}") from problem
    return BatchItem(source, out, name, found.st_size, found.st_mtime_ns)


def _refuse_clashes(items: Sequence[BatchItem], sources: set[Path]) -> None:
    # By the files that are written in the end: a link there is followed.
    taken: dict[str, BatchItem] = {}
    known: dict[Path, bool] = {}
    alike: dict[str, list[Path]] = {}
    for source in sources:
        alike.setdefault(_as_one_file(source), []).append(source)
    for item in items:
        if item.out is None:
            continue
        whole = resolved(item.out)
        # Where capitals count, one of another name is another file.
        if any(are_one(whole, source) for source in alike.get(_as_one_file(whole), ())):
            raise BadOutput(f"{named(item.out)} is one of the inputs; give another folder with --out")
        if whole.parent not in known:
            known[whole.parent] = folds_case(whole.parent)
        first = taken.setdefault(_as_one_file(whole) if known[whole.parent] else str(whole), item)
        if first is not item:
            both = f"{named(first.source)} and {named(item.source)}"
            # By another name, a link leads there.
            where = item.out if item.out == first.out or known[whole.parent] else whole
            raise BadOutput(
                f"the outputs of {both} would both be {named(where)}; send them one after the "
                "other with another --out, or send the folder they are in"
            )


def _as_one_file(path: Path) -> str:
    """Return what is the same for all names of a file where capitals, and how accents are written, differ."""
    return unicodedata.normalize("NFC", str(path)).casefold()
