"""Jobs checked before they are sent: what no worker could do never leaves the machine."""

import io
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.characters import is_one_item
from jobfleet_jobs.numbers.encoding import text_of
from jobfleet_jobs.numbers.text_reader import parse_numbers
from jobfleet_jobs.numbers.words import Number
from jobfleet_jobs.operations.catalogue import find_operation, is_streamed
from jobfleet_jobs.operations.image_formats import asks_for_format, fitting_name
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Value
from jobfleet_jobs.protocol.ids import is_job_id, new_job_id
from jobfleet_jobs.protocol.message import LARGE_BYTES

from jobfleet.errors import BadInput
from jobfleet.files.inputs import kept, opened, size_of
from jobfleet.files.paths import is_stream, named
from jobfleet.sending.output_paths import check_ending, output_name

# Numbers as text, as a sequence, or as a file; an image as a path, or as an open binary file.
Source = str | Path | BinaryIO | Iterable[Number]


@dataclass(frozen=True)
class Prepared:
    """A job that can be sent. `source` is numbers as text, a path, or an open binary file."""

    id: str
    operation: str
    source: str | Path | BinaryIO
    parameters: Mapping[str, Value]
    output: str | None = None

    @property
    def upload_name(self) -> str:
        """What the input is called in the bucket."""
        named = isinstance(self.source, Path) or isinstance(getattr(self.source, "name", None), str)
        if isinstance(self.source, str) or (is_streamed(self.operation) and not named):
            return "numbers.txt"
        return key_part(_file_name(self.source))


def prepare(
    operation: str | Operation,
    source: Source,
    *,
    name: str | None = None,
    file_name: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    job_id: str | None = None,
) -> Prepared:
    """Check a job as far as that can be done from here. Raises `BadInput`.

    `operation` is one of the catalogue's by name, or any as it is declared.
    """
    job_id = job_id or new_job_id()
    try:
        declared = find_operation(operation) if isinstance(operation, str) else operation
        checked = declared.check(parameters or {})
        given: Any = numbers_text(source) if declared.takes == "numbers" else _file(source)
        if declared.gives == "image" or (declared.gives == "file" and file_name):
            if declared.gives == "image" and not asks_for_format(checked):
                check_ending(
                    name or file_name or "", _file_name(Path(source) if isinstance(source, str) else source)
                )
            name = name or _own_name(job_id, file_name or _file_name(given), checked)
        if declared.takes == "numbers":
            _check_numbers(given, (parameters or {}).get("columns"))
            # What is left out has its default on the worker: one of before this parameter takes the job too.
            checked = {name: value for name, value in checked.items() if name in (parameters or {})}
        return Prepared(job_id, declared.name, given, checked, declared.output_key(name))
    except BadJob as problem:
        raise BadInput(problem.message) from problem


def prepare_stored(
    declared: Operation, file_name: str, *, parameters: Mapping[str, Any], job_id: str
) -> Prepared:
    """Check a job whose input goes to the bucket by itself, as a file called `file_name`. Raises `BadInput`.

    An operation that gives a file has it stored. The input itself is not looked at: the worker does that.
    """
    try:
        checked = declared.check(parameters)
        name = None
        if declared.gives != "answer":
            name = _own_name(job_id, output_name(declared, file_name, checked), checked)
        if declared.takes == "numbers":
            checked = {name: value for name, value in checked.items() if name in parameters}
        return Prepared(job_id, declared.name, Path(file_name), checked, declared.output_key(name))
    except BadJob as problem:
        raise BadInput(problem.message) from problem


def _own_name(job_id: str, file_name: str, parameters: Mapping[str, Any]) -> str:
    """Return what an output is called that nobody named: it lies in a folder of its job's."""
    return f"{job_id}/{key_part(fitting_name(file_name, parameters))}"


def _check_numbers(numbers: str | Path | BinaryIO, columns: str | None) -> None:
    if isinstance(numbers, str):
        _check_text(numbers, columns)
    elif isinstance(numbers, Path):
        with opened(numbers) as file:
            _check_file(file, columns)
    else:
        _check_file(numbers, columns)
        numbers.seek(0)


def _check_text(text: str, columns: str | None) -> None:
    if columns is None:
        parse_numbers(text)
        return
    from jobfleet_jobs.numbers.csv_columns import column_names, read_columns

    read_columns(text, column_names(columns))


def _check_file(file: BinaryIO, columns: str | None) -> None:
    """Read a file to its end without keeping it. Raises `BadJob`."""
    from jobfleet_jobs.numbers.file_reader import NumbersFile, check_text

    if columns is None:
        for _ in NumbersFile(file):
            pass
        return
    from jobfleet_jobs.numbers.csv_columns import column_names, file_columns

    check_text(file)
    file_columns(file, column_names(columns), lambda name, numbers: None)


def checked_id(job_id: str) -> str:
    """Return a job's id. Raises `BadInput` for what is none."""
    if not isinstance(job_id, str) or not is_job_id(job_id):
        raise BadInput(
            f"{shown(str(job_id))} is no job id; one looks like 0190b3a0-5d3c-7000-8000-000000000000"
        )
    return job_id


def numbers_text(source: Any) -> str | Path | BinaryIO:
    """Return numbers as text, however they were given; of a large file, the file. Raises `BadInput`."""
    if isinstance(source, str):
        return source
    if isinstance(source, Path):
        with opened(source) as file:
            if is_stream(source):
                return piped_numbers(file, named(source))
            return source if _is_large(file) else _read_text(file)
    if hasattr(source, "read"):
        return source if _is_large(source) else _read_text(source)
    if isinstance(source, bytes | bytearray | memoryview):
        raise BadInput("stats takes numbers, or a text of numbers, not bytes; decode them first")
    try:
        words = [_word(place, number) for place, number in enumerate(source)]
    except TypeError:
        raise BadInput(
            f"stats takes several numbers, such as [1, 2, 3], or a text of them, not {_shown(source)}"
        ) from None
    return " ".join(words)


def _word(place: int, number: Any) -> str:
    """Return a number of a sequence as text. Raises `BadInput` for a text that is several, or none."""
    word = str(number)
    if isinstance(number, str) and not is_one_item(word):
        raise BadInput(f"element {place} is {shown(number)}, which is not one number")
    return word


def piped_numbers(pipe: BinaryIO, called: str) -> str | BinaryIO:
    """Return numbers that come through a pipe: as text, or of many, a file that goes with the process."""
    file = kept(pipe, called)
    if _is_large(file):
        return file
    with file:
        return decoded(file.read(), called)


def key_part(name: str) -> str:
    """Return a file's name as it can stand in a key: what no key or message can hold becomes `_`."""
    return "".join(letter if letter.isprintable() else "_" for letter in name)


def _file(source: Any) -> Path | BinaryIO:
    if isinstance(source, str):
        source = Path(source)
    if isinstance(source, Path):
        with opened(source) as file:
            return kept(file, named(source)) if is_stream(source) else source
    if isinstance(source, io.TextIOBase):
        raise BadInput("the file was opened as text; open it as a binary file (mode 'rb')")
    if callable(getattr(source, "read", None)):
        return source  # type: ignore[no-any-return]
    if isinstance(source, bytes | bytearray | memoryview):
        raise BadInput("give the input as a path or an open binary file; bytes fit into io.BytesIO(…)")
    raise BadInput(f"give the input as a path or an open binary file, not {_shown(source)}")


def _is_large(file: Any) -> bool:
    """Tell whether an open file is read in pieces: from its start, if it is a large one of bytes."""
    if isinstance(file, io.TextIOBase):
        return False
    size = size_of(file)
    # Such numbers stay in their file; as text and numbers they would take ten times that in memory.
    return size is not None and size > LARGE_BYTES and file.tell() == 0


def _read_text(source: Any) -> str:
    data = source.read()
    where = getattr(source, "name", "the input")
    return data if isinstance(data, str) else decoded(data, str(where))


def decoded(data: bytes, where: str) -> str:
    """Return the text of a file of numbers. Raises `BadInput`."""
    try:
        return text_of(data)
    except BadJob as problem:
        raise BadInput(f"{where}: {problem.message}") from problem


def _file_name(source: Any) -> str:
    name = source if isinstance(source, Path) else getattr(source, "name", "image")
    return Path(name).name if isinstance(name, str | Path) else "image"


def _shown(value: Any) -> str:
    return f"{type(value).__name__} {shown(value, 40)}"
