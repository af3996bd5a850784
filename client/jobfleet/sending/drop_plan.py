"""The files that go to the drop folder: the key of each, and the parameters that it takes along."""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from pathlib import Path

from jobfleet_jobs.drop_events import OUTPUT_ENDING, PARAMETERS_NAME, checked_ending
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from jobfleet_jobs.protocol.names import INCOMING, output_key

from jobfleet.errors import BadInput
from jobfleet.files.inputs import check_readable
from jobfleet.files.paths import at_home, is_folder, is_stream, named, resolved
from jobfleet.sending.output_paths import check_ending

# What S3 takes in the metadata of one object, names and values together, in bytes:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html
METADATA_MAX_BYTES = 2_048


@dataclass(frozen=True)
class Drop:
    """A file and the key it goes to."""

    path: Path
    key: str


def plan(operation: str, files: Sequence[str]) -> list[Drop]:
    """Return where each file goes; a folder's files go under its name. Raises `BadInput`."""
    drops = [Drop(path, _key(operation, name)) for word in files for path, name in _files(at_home(word))]
    if not drops:
        raise BadInput(f"there is no file in {', '.join(map(named, files))}")
    taken: dict[str, Path] = {}
    for one in drops:
        if taken.setdefault(one.key, one.path) != one.path:
            paths = f"{named(taken[one.key])} and {named(one.path)}"
            raise BadInput(f"{paths} would both be {one.key}; drop the folders they are in")
    return drops


def metadata(operation: Operation, typed: Mapping[str, str], ending: str | None) -> dict[str, str]:
    """Return the metadata that tell a worker parameters as they were typed. Raises `BadInput`."""
    left = dict(typed)
    ending = ending or left.pop(OUTPUT_ENDING, None)
    try:
        given = dict(_read(operation, left))
        if ending:
            given[OUTPUT_ENDING] = checked_ending(ending)
            if operation.gives == "image":
                check_ending(f"output{ending}")
    except BadJob as problem:
        raise BadInput(problem.message) from problem
    told = {name: _header(value) for name, value in given.items()}
    size = sum(len(name) + len(text) for name, text in told.items())
    if size > METADATA_MAX_BYTES:
        raise BadInput(
            f"the parameters take {size:,} bytes, and an object has room for {METADATA_MAX_BYTES:,}; put "
            f"them into {INCOMING}{operation.name}/{PARAMETERS_NAME} in the bucket"
        )
    return told


def _key(operation: str, name: str) -> str:
    if name == PARAMETERS_NAME:
        raise BadInput(
            f"the file with the parameters for all files is called {name}; give this file another name"
        )
    try:
        output_key(f"{operation}/{name}")
    except BadJob as problem:
        raise BadInput(problem.message) from problem
    return f"{INCOMING}{operation}/{name}"


def _files(path: Path) -> Iterator[tuple[Path, str]]:
    """Give the files at `path` with their names in the drop folder; hidden ones only where they are named."""
    if not is_folder(path):
        check_readable(path)
        yield path, path.name
        return
    name = resolved(path).name
    for where, folders, files in os.walk(path, onerror=_unreadable):
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        for file in sorted(files):
            whole = Path(where, file)
            if not file.startswith(".") and not is_stream(whole):
                yield whole, f"{name}/{whole.relative_to(path).as_posix()}"


def _unreadable(problem: OSError) -> None:
    raise BadInput(f"the folder {named(problem.filename)} cannot be read: {problem.strerror}") from problem


def _read(operation: Operation, typed: Mapping[str, str]) -> Iterator[tuple[str, Value]]:
    """Read what was typed. What is missing may stand in the file that all share."""
    known = {parameter.name: parameter for parameter in operation.parameters}
    for name, text in typed.items():
        if name not in known:
            raise operation.no_such_parameter(name, [OUTPUT_ENDING])
        yield name, known[name].read(text)


def _header(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if text.isascii() else Header(text, "utf-8", maxlinelen=0).encode()
