"""What `run` has to know of an image operation besides its function."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """How an operation is run and its picture written.

    `exact`: its values matter to the last bit, so the file is lossless where its format can be.
    `luma`: it looks at lightness alone, so no colours need to be decoded. `whole`: its function
    takes and returns a `Picture`, not the image of one frame. `unchanged` is what the sender is
    told where it has nothing to do.
    """

    exact: bool = False
    luma: bool = False
    whole: bool = False
    unchanged: str | None = None


# What is not named here, an operation on frames, counts as exact.
TRAITS: Mapping[str, Traits] = {
    "greyscale": Traits(luma=True, unchanged="the image was grey already and is unchanged"),
    "resize": Traits(unchanged="the image has that size, or is smaller, and is unchanged"),
    "thumbnail": Traits(whole=True),
    "convert": Traits(whole=True),
    "rotate": Traits(unchanged="a whole turn leaves the image unchanged"),
    "blur": Traits(),
    "edges": Traits(luma=True),
    "strip": Traits(exact=True, whole=True),
}


def traits_of(name: str) -> Traits:
    """Return the traits of the operation called `name`."""
    return TRAITS.get(name, Traits(exact=True))
