"""The declaration of one operation: what it takes, what it gives, and how it is run."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from jobfleet_jobs.credentials.redaction import shown
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.near_words import did_you_mean
from jobfleet_jobs.operations.parameters import Parameter, Value
from jobfleet_jobs.protocol.names import output_key


@dataclass(frozen=True)
class Traits:
    """How an operation that makes an image from an image is run, and its picture written.

    `exact`: its values matter to the last bit, so the file is lossless where its format can be.
    `luma`: it looks at lightness alone, so no colours need to be decoded. `whole`: its function
    takes and returns a `Picture`, not the image of one frame. `unchanged` is what the sender is
    told where it has nothing to do. `changes` says that it may change pixels.
    """

    exact: bool = False
    luma: bool = False
    whole: bool = False
    unchanged: str | None = None
    changes: bool = True


@dataclass(frozen=True)
class Operation:
    """What the fleet can do: `takes` says what the input is, `gives` what comes of it.

    Every job has a result. With `gives="image"` an image goes out too, under a name that must be given,
    whose ending may ask for a format. With `"file"`, a file goes out where a name is given for one, with
    one of `endings`. With `"answer"`, the result is all.

    `part` names the optional part of a worker that does it; None where every worker does. Of the
    parameters named in `one_of`, at least one must be given. `examples` are what may be typed behind
    the name in the command line; left out, they are made from the parameters. `streamed`: it takes any
    count of numbers, and where the worker's memory is too small for them, from its disk. `traits` says
    how one that makes an image from an image is run.
    """

    name: str
    takes: Literal["numbers", "image", "file"]
    summary: str
    parameters: tuple[Parameter, ...] = ()
    gives: Literal["answer", "image", "file"] = "image"
    endings: tuple[str, ...] = ()
    part: str | None = None
    one_of: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    streamed: bool = False
    traits: Traits = Traits()

    def output_key(self, name: str | None) -> str | None:
        """Return the key that the output goes under which a person named; None for no output.

        Raises `BadJob` for a name that is missing, or that no output of this operation can have.
        """
        if self.gives == "answer":
            return None
        if name is None:
            if self.gives == "file":
                return None
            raise BadJob(
                "bad-output-name", f"{self.name} needs output.key, the name to store the image under"
            )
        key = output_key(name)
        if self.gives == "file" and not name.lower().endswith(self.endings):
            raise BadJob(
                "bad-output-name",
                f"output name {shown(name)}: {self.name} writes files that end in {', '.join(self.endings)}",
            )
        return key

    def no_such_parameter(self, name: str, others: Collection[str] = ()) -> BadJob:
        """Return the refusal of a parameter that there is not; `others` may be given beside its own."""
        known = sorted([*(parameter.name for parameter in self.parameters), *others])
        offer = f"it takes {', '.join(known)}" if known else "it takes none"
        meant = did_you_mean(name, known)
        return BadJob("bad-parameter", f"{self.name} has no parameter {shown(name)}{meant}; {offer}")

    def check(self, given: Mapping[str, Any]) -> dict[str, Value]:
        """Return the parameters, defaults filled in. Raises `BadJob` for what cannot be done.

        That is an unknown name, a bad value, or one missing that must be given. One that has no
        default and is not given (or null) is left out.
        """
        known = {parameter.name for parameter in self.parameters}
        unknown = sorted(set(given) - known)
        if unknown:
            raise self.no_such_parameter(unknown[0])
        checked = {}
        for parameter in self.parameters:
            value = given.get(parameter.name, parameter.default)
            if value is not None or parameter.default is not None:
                checked[parameter.name] = parameter.check(value)
            elif parameter.required:
                raise BadJob("bad-parameter", f"{self.name} needs {parameter.name}: give {parameter.bounds}")
        if self.one_of and not set(self.one_of) & set(checked):
            raise BadJob("bad-parameter", f"{self.name} needs {' or '.join(self.one_of)}")
        return checked
