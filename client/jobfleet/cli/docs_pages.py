"""The parts of the docs that are made from the commands' own help and from the catalogue.

`make docs` runs this module, and a test checks that the pages are as it would make them. In
docs/client.md a part stands between `<!-- help: NAME -->` and `<!-- /help -->`, where NAME is a
command, `contents`, `options`, `image-options` or `exit-codes`; in docs/worker.md the table of the
operations stands between `<!-- operations -->` and `<!-- /operations -->`. What stands around the parts is
written by hand. What several commands have in common is told once, and not again under each of them.
"""

import copy
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import click
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_jobs.operations.parameters import Value

from jobfleet.cli.commands.send.images import IMAGE_COMMANDS
from jobfleet.cli.commands.send.submit import submit
from jobfleet.cli.main import cli
from jobfleet.errors import EXIT_MEANINGS

_WIDTH = 100
_IMAGES = [each for each in IMAGE_COMMANDS if OPERATIONS[str(each.name)].gives == "image"]
_TABLE = re.compile(r"(?<=<!-- operations -->\n).*?(?=<!-- /operations -->\n)", re.DOTALL)
_PART = re.compile(r"<!-- help: (\S+) -->\n.*?<!-- /help -->\n", re.DOTALL)


def remade(page: str) -> str:
    """Return the page with its parts made anew. Raises `ValueError` where one is missing or unknown."""
    parts: Mapping[str, Callable[[], Iterator[str]]] = {
        "contents": lambda: _contents(page),
        "options": _shared,
        "image-options": _of_images,
        "exit-codes": _exit_codes,
        **{path.replace(" ", "-"): _of(path, command) for path, command in commands()},
    }
    there = _PART.findall(page)
    for name in sorted(set(parts) ^ set(there)):
        raise ValueError(
            f"'<!-- help: {name} -->' is missing" if name in parts else f"there is no command {name}"
        )

    def part(found: re.Match[str]) -> str:
        body = "".join(f"{line}\n" for line in parts[found[1]]())
        return f"<!-- help: {found[1]} -->\n{body}<!-- /help -->\n"

    return _PART.sub(part, page)


def with_operations(page: str) -> str:
    """Return the page with its table of the operations made anew. Raises `ValueError` if it has no place."""
    if not _TABLE.search(page):
        raise ValueError("'<!-- operations -->' is missing")
    return _TABLE.sub(lambda _: "".join(f"{line}\n" for line in _operations()), page)


def commands(group: click.Group = cli, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Give every command with what is typed to reach it; groups before what is in them."""
    for name, command in group.commands.items():
        yield before + name, command
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")


def _of(path: str, command: click.Command) -> Callable[[], Iterator[str]]:
    return lambda: _section(path, command)


def _section(path: str, command: click.Command) -> Iterator[str]:
    if command in IMAGE_COMMANDS:
        yield from _image_section(command)
    else:
        # The name alone says nothing that the line of its usage does not say.
        examples = [each for each in _examples(command) if each != f"jobfleet {path}"]
        yield from _as_it_is([_usage(path, command), *examples])
        yield ""
        yield from _prose(_paragraphs(command))
    own = [each for each in command.params if isinstance(each, click.Option) and not _is_told(each, command)]
    if own:
        yield ""
        yield from _options(own, command)


def _image_section(command: click.Command) -> Iterator[str]:
    """Give what a command on images has of its own, in a line where that is enough."""
    summary, *more = (each for each in _paragraphs(command) if each not in _common_paragraphs())
    shown = _examples(command)
    if OPERATIONS[str(command.name)].examples:
        yield from _prose([summary, *more])
        yield ""
        yield from _as_it_is(shown)
    else:
        # The others were made from the same pattern.
        yield from _prose([f"{summary} Example: `{shown[0]}`", *more])


def _usage(path: str, command: click.Command) -> str:
    context = click.Context(command, info_name=f"jobfleet {path}", terminal_width=_WIDTH)
    return command.get_usage(context).removeprefix("Usage: ")


def _examples(command: click.Command) -> list[str]:
    lines = inspect.cleandoc(command.epilog or "").replace("\b\n", "").splitlines()
    return [line.removeprefix("  ") for line in lines if line != "Examples:"]


def _paragraphs(command: click.Command) -> list[str]:
    return inspect.cleandoc(command.help or "").split("\n\n")


def _is_told(option: click.Option, command: click.Command) -> bool:
    """Tell whether an option stands elsewhere on the page already."""
    told = {each.name for each in cli.params}
    if command is submit:
        told |= {each.name for operation in OPERATIONS.values() for each in operation.parameters}
    elif command in IMAGE_COMMANDS:
        # The same name can mean something else where no image is made, and then has another help.
        told |= {each.name for each in _common_options() if command in _IMAGES or each.help == option.help}
    return option.name in told


def _contents(page: str) -> Iterator[str]:
    """Give a list of the page's sections; the commands, which are many, in one line."""
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        title, _, inside = section.partition("\n")
        if title == "Contents":
            continue
        yield f"- {_link(title)}"
        below = [_link(each) for each in re.findall(r"^### (.+)$", inside, re.MULTILINE)]
        lines = textwrap.wrap(" · ".join(below), 110, break_long_words=False, break_on_hyphens=False)
        yield from (f"  {line}" for line in lines)


def _link(title: str) -> str:
    """Return a link to a section, with the anchor that GitHub gives its heading."""
    anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
    return f"[{title.replace('`jobfleet ', '`')}](#{anchor})"


def _common_paragraphs() -> list[str]:
    """Return the paragraphs that the help of every command has that makes an image."""
    helps = [_paragraphs(command) for command in _IMAGES]
    return [each for each in helps[0] if all(each in other for other in helps)]


def _common_options() -> list[click.Option]:
    """Return the options that every command has that makes an image."""
    names = set.intersection(*({option.name for option in command.params} for command in _IMAGES))
    shared = {option.name for option in cli.params}
    first = [each for each in _IMAGES[0].params if isinstance(each, click.Option)]
    return [option for option in first if option.name in names - shared]


def _of_images() -> Iterator[str]:
    usage = _usage("OPERATION", _IMAGES[0])
    yield from _as_it_is([usage, *_examples(_IMAGES[0])])
    yield ""
    yield from _prose(_common_paragraphs())
    yield ""
    name = str(_IMAGES[0].name)
    yield from (
        line.replace(f"IMAGE-{name}", "IMAGE-OPERATION") for line in _options(_common_options(), _IMAGES[0])
    )


def _prose(paragraphs: Iterable[str]) -> Iterator[str]:
    """Give paragraphs; those that click is told to leave as they are, as code."""
    for number, paragraph in enumerate(paragraphs):
        if number:
            yield ""
        if paragraph.startswith("\b\n"):
            yield from _as_it_is([paragraph.removeprefix("\b\n")])
        else:
            yield paragraph


def _as_it_is(lines: Iterable[str]) -> Iterator[str]:
    yield "```"
    yield from lines
    yield "```"


def _shared() -> Iterator[str]:
    return _options([option for option in cli.params if isinstance(option, click.Option)], cli)


def _options(options: list[click.Option], command: click.Command) -> Iterator[str]:
    for option in options:
        shown = copy.copy(option)
        shown.hidden = False
        names, words = shown.get_help_record(click.Context(command)) or ("", "")
        yield f"- `{names}`: {re.sub(' +', ' ', words)}"


def _exit_codes() -> Iterator[str]:
    yield "| code | meaning |"
    yield "| --- | --- |"
    yield from (f"| {code.value} | {meaning} |" for code, meaning in EXIT_MEANINGS.items())


def _operations() -> Iterator[str]:
    yield "| operation | parameter | takes | default | what it is |"
    yield "| --- | --- | --- | --- | --- |"
    for operation in OPERATIONS.values():
        yield f"| `{operation.name}` | | {operation.takes} | | {operation.summary} |"
        for parameter in operation.parameters:
            default = "required" if parameter.required else _json(parameter.default)
            takes = f"{parameter.kind}: {parameter.bounds}"
            yield f"| | `{parameter.name}` | {takes} | {default} | {parameter.help} |"


def _json(value: Value | None) -> str:
    return "" if value is None else f"`{json.dumps(value)}`"


def main(docs: Path) -> None:
    """Make the parts of the pages in the folder `docs` anew."""
    for name, make in (("client.md", remade), ("worker.md", with_operations)):
        page = docs / name
        page.write_text(make(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
