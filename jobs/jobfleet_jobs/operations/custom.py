"""Operations of one's own: the decorator that makes one of a function (docs/operations.md).

    from jobfleet_jobs import Whole, operation

    @operation(
        "word-count",
        takes="file",
        summary="How many words a text has.",
        parameters=[Whole("top", "List so many of the most frequent.", 10, minimum=0, maximum=100)],
    )
    def word_count(data: bytes, *, top: int) -> dict[str, object]:
        ...

The function gets the input, and the parameters by their names:

| `takes` | it gets |
| --- | --- |
| `file` | `bytes` |
| `numbers` | a list of `int` and `float`, none of them infinite or NaN, at least one |
| `image` | a `PIL.Image.Image` in mode L, LA, RGB, RGBA or I;16, upright |

| `gives` | it returns |
| --- | --- |
| `answer` | a `dict` that JSON can hold |
| `image` (where it takes one) | the new image; it is called once for each frame |
| `file` | a `File`: the answer and the bytes |

What the sender did wrong it tells with `raise BadJob(code, sentence)`. Anything else that it raises is a
broken attempt: the job is tried again, and ends among the dead letters.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.operations.declaration_json import BadDeclaration, check_declaration
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Parameter

# The entry point group in which a package names its operations.
GROUP = "jobfleet.operations"

P = ParamSpec("P")
R = TypeVar("R")

_CONTENT_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}(; charset=[a-z0-9-]{1,30})?")


@dataclass(frozen=True)
class File:
    """What an operation with `gives="file"` returns: a file's bytes, and the answer beside it.

    The file is stored where a name is given for it. `content_type` is as in HTTP: `text/csv`,
    `text/plain; charset=utf-8`. Raises `ValueError` for one that is none.
    """

    data: bytes
    result: Mapping[str, Any] = field(default_factory=dict)
    content_type: str = "application/octet-stream"

    def __post_init__(self) -> None:
        if not _CONTENT_TYPE.fullmatch(self.content_type):
            raise ValueError(
                f"content_type {shown(self.content_type)}: give one such as text/csv, in lower case"
            )


@dataclass(frozen=True)
class Own(Generic[P, R]):
    """An operation of one's own: what it declares, and its function, which it can be called as."""

    declaration: Operation
    function: Callable[P, R]

    def __call__(self, *given: P.args, **parameters: P.kwargs) -> R:
        """Do it, without a worker: as tests do."""
        return self.function(*given, **parameters)


def operation(
    name: str,
    *,
    takes: Literal["file", "numbers", "image"],
    summary: str,
    gives: Literal["answer", "image", "file"] = "answer",
    parameters: Sequence[Parameter] = (),
    endings: Sequence[str] = (),
    one_of: Sequence[str] = (),
    examples: Sequence[str] = (),
) -> Callable[[Callable[P, R]], Own[P, R]]:
    """Make a function an operation called `name`: small letters, digits, dashes.

    `summary` is its help in a sentence. `gives="file"` wants the `endings` that such a file's name
    may have. Of the parameters in `one_of`, one must be given. `examples` are what may be typed behind
    `jobfleet run NAME`. Raises `BadDeclaration`, a sentence, for what cannot be.
    """
    declaration = Operation(
        name, takes, summary, tuple(parameters), gives, tuple(endings), None, tuple(one_of), tuple(examples)
    )
    check_declaration(declaration)

    def decorate(function: Callable[P, R]) -> Own[P, R]:
        _check_signature(declaration, function)
        return Own(declaration, function)

    return decorate


def _check_signature(declaration: Operation, function: Callable[..., Any]) -> None:
    """Raise `BadDeclaration` if the function could not be called with what it declares."""
    signature = inspect.signature(function)
    every = {parameter.name: None for parameter in declaration.parameters}
    always = {p.name: None for p in declaration.parameters if p.required or p.default is not None}
    for given in (every, always):
        try:
            signature.bind(None, **given)
        except TypeError as problem:
            raise BadDeclaration(
                f"operation {declaration.name}: its function cannot be called with the input and "
                f"{', '.join(given) or 'no parameter'}: {problem}"
            ) from problem
