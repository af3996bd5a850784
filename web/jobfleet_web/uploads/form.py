"""The parts of a multipart body: files, and the fields beside them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from jobfleet_jobs.credentials.redaction import cut, shown
from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)
from starlette.requests import Request

from jobfleet_web.problems import Problem, told
from jobfleet_web.uploads.kept import Body, KeptBodies
from jobfleet_web.uploads.limits import (
    FIELD_MAX_BYTES,
    FIELDS_MAX,
    FILES_MAX,
    PART_HEADER_MAX_BYTES,
    PART_HEADERS_MAX,
    PARTS_MAX,
    UploadLimits,
)
from jobfleet_web.uploads.names import clean_name, extended_name, text_of
from jobfleet_web.uploads.stream import chunks

# A text of numbers that was typed into a form is taken as a file of them.
NUMBERS_FIELD, NUMBERS_NAME = "numbers", "numbers.txt"

_BOUNDARY_MAX_CHARACTERS = 200

# What may stand before the first boundary. RFC 2046 allows it; nobody sends any.
_PREAMBLE_MAX_BYTES = 16 * 1024

# Called with the fields that came so far, before the first file goes to the bucket. Raises `Problem`.
CheckEarly = Callable[[Mapping[str, str]], Awaitable[None]]


@dataclass(frozen=True)
class SentFile:
    """A file as it came: the field it came in, the type that its sender says it has, and its body."""

    field: str
    content_type: str
    body: Body


@dataclass
class Form:
    """What a request brought. `fields` are texts; empty ones, as forms send them, are left out."""

    files: list[SentFile] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


async def read_form(
    request: Request, limits: UploadLimits, bodies: KeptBodies, check_early: CheckEarly
) -> Form:
    """Read a multipart body to its end. Raises `Problem` for one that is none, or too much of anything."""
    parser = PushMultipartParser(
        _boundary(request), max_header_size=PART_HEADER_MAX_BYTES, max_header_count=PART_HEADERS_MAX,
        header_charset="latin-1",
    )  # fmt: skip
    reader, received = _Parts(bodies), 0
    fields = reader.form.fields
    # Not of the reader, or the two hold each other, and the bodies stay until Python looks for circles.
    bodies.check_early = lambda: check_early(fields)
    try:
        async for chunk in chunks(request, limits):
            received += len(chunk)
            for event in parser.parse(chunk):
                await reader.take(event)
            if not reader.has_begun and received > _PREAMBLE_MAX_BYTES:
                raise _junk("the boundary does not come", received)
        parser.close()
    except MultipartError as problem:
        raise _junk(str(problem.args[0]), received) from None
    return reader.form


class _Parts:
    """Takes what the parser finds: the head of a part, its bytes, its end."""

    def __init__(self, bodies: KeptBodies) -> None:
        self._bodies = bodies
        self.form = Form()
        self._file: SentFile | None = None
        self._is_unnamed = False
        self._field, self._text = "", bytearray()
        self._parts = 0
        self.has_begun = False

    async def take(self, event: MultipartSegment | bytes | None) -> None:
        """Take one event of the parser's."""
        if isinstance(event, MultipartSegment):
            self.has_begun = True
            self._begin(event)
        elif event is None:
            await self._end()
        elif self._file:
            await self._file.body.write(event)
        else:
            self._text += event
            if len(self._text) > FIELD_MAX_BYTES:
                raise Problem(
                    400, "field-too-long",
                    f"field {shown(self._field)} is longer than {FIELD_MAX_BYTES:,} bytes",
                    mend="Send a file with a filename in its Content-Disposition.",
                )  # fmt: skip

    def _begin(self, part: MultipartSegment) -> None:
        self._parts += 1
        if self._parts > PARTS_MAX:
            raise _too_many(f"more than {PARTS_MAX:,} parts")
        called = text_of(part.name or "")
        name = extended_name(part.header("Content-Disposition", ""))
        if name is None and part.filename is not None:
            name = text_of(part.filename)
        if name is None and called != NUMBERS_FIELD:
            self._field, self._text = called, bytearray()
            if len(self.form.fields) >= FIELDS_MAX:
                raise _too_many(f"more than {FIELDS_MAX} fields")
            return
        if len(self.form.files) >= FILES_MAX:
            raise _too_many(f"more than {FILES_MAX:,} files")
        self._is_unnamed = not name
        given = NUMBERS_NAME if name is None else name
        self._file = SentFile(called, part.content_type or "", self._bodies.begin(clean_name(given)))

    async def _end(self) -> None:
        if self._file:
            file, self._file = self._file, None
            if self._is_unnamed and not file.body.size:
                return  # a form in which no file was chosen
            await file.body.end()
            self.form.files.append(file)
            return
        try:
            text = self._text.decode()
        except UnicodeDecodeError:
            raise Problem(
                400, "bad-field", f"field {shown(self._field)} holds no UTF-8 text",
                mend="Send fields as UTF-8, and files with a filename in their Content-Disposition.",
            ) from None  # fmt: skip
        if text:
            add_field(self.form.fields, self._field, text)


def add_field(fields: dict[str, str], name: str, text: str) -> None:
    """Put a field to the others. Raises `Problem` for one that is there with another value."""
    if fields.setdefault(name, text) != text:
        raise Problem(
            400, "given-twice", f"{shown(name)} is given as {shown(fields[name])} and as {shown(text)}",
            mend="Give it once, as a field or in the query.", more={"value": told(text)},
        )  # fmt: skip


def _boundary(request: Request) -> str:
    given = request.headers.get("content-type", "")
    kind, options = parse_options_header(given)
    if kind != "multipart/form-data":
        raise Problem(
            415, "not-multipart", f"the body is {shown(given)}" if given else "the body has no Content-Type",
            mend="Send files as multipart/form-data, as `curl -F file=@photo.jpg` does.",
            more={"value": told(given)},
        )  # fmt: skip
    boundary: str = options.get("boundary", "")
    if not boundary or len(boundary) > _BOUNDARY_MAX_CHARACTERS or not boundary.isprintable():
        raise Problem(
            400, "bad-multipart", f"the boundary in Content-Type is {shown(boundary)}",
            mend="Have a library or curl write the multipart body and its Content-Type: a boundary has 1 to "
            f"{_BOUNDARY_MAX_CHARACTERS} printable characters.",
        )  # fmt: skip
    return boundary


def _junk(what: str, received: int) -> Problem:
    return Problem(
        400, "bad-multipart", f"{cut(what, 200)}, within the first {received:,} bytes of the body",
        mend="Have a library or curl write the multipart body; nothing of this request was kept.",
        more={"value": received},
    )  # fmt: skip


def _too_many(what: str) -> Problem:
    return Problem(400, "too-many-parts", f"the request has {what}", mend="Send several requests.")
