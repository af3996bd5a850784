"""Declarations of operations as JSON, so that who lacks the package can validate, help and send.

A worker puts those of its packages into its heartbeat; a client reads them there.
"""

import json
import keyword
import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.linear_pattern import BadPattern, linear_pattern
from jobfleet_jobs.operations.operation import Operation
from jobfleet_jobs.operations.parameters import Choice, Decimal, Flag, Parameter, Text, Whole

KINDS: Mapping[str, type[Parameter]] = {kind.kind: kind for kind in (Whole, Decimal, Choice, Text, Flag)}
TAKES, GIVES = ("file", "numbers", "image"), ("answer", "image", "file")

# A name is typed, and stands in keys, logs and messages.
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_PARAMETER_NAME = re.compile(r"[a-z][a-z0-9_]*")
_ENDING = re.compile(r"\.[a-z0-9]{1,10}(\.[a-z0-9]{1,10})?")
NAME_MAX_CHARACTERS = 50

# What one declaration may take in a heartbeat, and what it shows to people.
DECLARATION_MAX_BYTES = 8_192
WORDS_MAX_CHARACTERS = 300


class BadDeclaration(ValueError):
    """An operation is declared in a way that cannot be."""


def to_json(operation: Operation) -> dict[str, Any]:
    """Return a declaration as JSON's own types; what has its default is left out."""
    made = _without_defaults(operation)
    if operation.parameters:
        made["parameters"] = [
            {"kind": parameter.kind, **_without_defaults(parameter)} for parameter in operation.parameters
        ]
    return made


def from_json(found: Any) -> Operation:
    """Read a declaration, whoever wrote it. Raises `BadDeclaration`."""
    if not isinstance(found, dict):
        raise BadDeclaration(f"a declaration is an object, not {shown(found)}")
    values = _known(Operation, found)
    parameters = found.get("parameters", [])
    if not isinstance(parameters, list):
        raise BadDeclaration(f"parameters are a list, not {shown(parameters)}")
    values["parameters"] = tuple(_parameter(each) for each in parameters)
    try:
        operation = Operation(**values)
    except TypeError as problem:
        raise BadDeclaration(f"the declaration lacks a field: {problem}") from problem
    check_declaration(operation)
    return operation


def check_declaration(operation: Operation) -> None:
    """Raise `BadDeclaration` with the first thing that cannot be."""
    problem = next(_problems(operation), None)
    if problem:
        raise BadDeclaration(f"operation {shown(operation.name)}: {problem}")


def _without_defaults(declared: Any) -> dict[str, Any]:
    values = {each.name: (getattr(declared, each.name), each.default) for each in fields(declared)}
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, (value, default) in values.items()
        if value != default and name != "parameters"
    }


def _known(kind: type, found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `kind` has a field for; a newer version may say more."""
    names = {each.name for each in fields(kind)}
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in found.items()
        if name in names
    }


def _parameter(found: Any) -> Parameter:
    if not isinstance(found, dict):
        raise BadDeclaration(f"a parameter is an object, not {shown(found)}")
    kind = KINDS.get(str(found.get("kind")))
    if kind is None:
        raise BadDeclaration(f"parameters of kind {shown(found.get('kind'))} are unknown to this version")
    try:
        return kind(**_known(kind, found))
    except TypeError as problem:
        raise BadDeclaration(f"a parameter lacks a field: {problem}") from problem


def _problems(operation: Operation) -> Iterator[str]:
    """Give what is wrong, in words; each test may rely on those before."""
    lists = (operation.parameters, operation.endings, operation.one_of, operation.examples)
    if not all(isinstance(each, tuple) for each in lists):
        yield "parameters, endings, one_of and examples are lists"
        return
    yield from _of_names(operation)
    parameters = operation.parameters
    if not all(type(each) in KINDS.values() for each in parameters):
        yield f"give parameters as {', '.join(kind.__name__ for kind in KINDS.values())}"
        return
    names = [str(each.name) for each in parameters]
    if len(set(names)) < len(names):
        yield "two parameters have the same name"
    for parameter in parameters:
        yield from (f"parameter {shown(parameter.name)}: {words}" for words in _of_parameter(parameter))
    if not all(each in names for each in operation.one_of):
        yield "one_of names parameters that are not declared"
    try:
        size = len(json.dumps(to_json(operation), allow_nan=False))
    except (TypeError, ValueError):
        yield "its values must be plain texts and finite numbers"
        return
    if size > DECLARATION_MAX_BYTES:
        yield f"the declaration takes {size:,} bytes; {DECLARATION_MAX_BYTES:,} are the most"


def _of_names(operation: Operation) -> Iterator[str]:
    name = operation.name
    if not isinstance(name, str) or len(name) > NAME_MAX_CHARACTERS or not _NAME.fullmatch(name):
        yield (
            f"a name is up to {NAME_MAX_CHARACTERS} small letters and digits, parted by single dashes, a "
            "letter first"
        )
        return
    if name in OPERATIONS:
        yield "this name is jobfleet's own; take another"
    if operation.takes not in TAKES or operation.gives not in GIVES:
        yield f"takes is one of {', '.join(TAKES)}, and gives one of {', '.join(GIVES)}"
    if operation.gives == "image" and operation.takes != "image":
        yield "only what takes an image gives one; give a file"
    if not _is_words(operation.summary):
        yield f"give a summary, a sentence of at most {WORDS_MAX_CHARACTERS} printable characters"
    if (operation.gives == "file") != bool(operation.endings):
        yield "what gives a file, and nothing else, has endings that its name may have"
    if not all(isinstance(each, str) and _ENDING.fullmatch(each) for each in operation.endings):
        yield "an ending looks like .csv"
    if not all(_is_words(each) for each in operation.examples):
        yield "examples are texts"


def _of_parameter(parameter: Parameter) -> Iterator[str]:
    name = parameter.name
    if not isinstance(name, str) or not _PARAMETER_NAME.fullmatch(name) or keyword.iskeyword(name):
        yield "a name is small letters, digits and _, a letter first, and no word of Python's"
        return
    if not _is_words(parameter.help):
        yield f"give help, a sentence of at most {WORDS_MAX_CHARACTERS} printable characters"
    if isinstance(parameter, Choice) and not (
        parameter.choices and all(isinstance(each, str) and each.isprintable() for each in parameter.choices)
    ):
        yield "give choices, each a text"
        return
    if isinstance(parameter, Whole | Decimal) and not _is_range(parameter.minimum, parameter.maximum):
        yield "give minimum and maximum, the lesser first"
        return
    if isinstance(parameter, Text) and (problem := _of_pattern(parameter)):
        yield problem
        return
    if parameter.required and parameter.default not in (None, False):
        yield "what is required has no default"
    yield from _of_default(parameter)


def _of_default(parameter: Parameter) -> Iterator[str]:
    if parameter.default is not None:
        try:
            parameter.check(parameter.default)
        except BadJob as problem:
            yield f"its default cannot be: {problem.message}"


def _of_pattern(parameter: Text) -> str | None:
    if not _is_words(parameter.what):
        return "say in `what` what kind of text it is"
    if not isinstance(parameter.pattern, str):
        return f"its pattern is a text, not {shown(parameter.pattern)}"
    try:
        linear_pattern(parameter.pattern)
    except BadPattern as problem:
        return f"its pattern {shown(parameter.pattern)}: {problem}"
    return None


def _is_range(minimum: Any, maximum: Any) -> bool:
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (minimum, maximum))
    return numbers and minimum <= maximum


def _is_words(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= WORDS_MAX_CHARACTERS and value.isprintable()
