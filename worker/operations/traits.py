"""What `run` has to know of an image operation besides its function."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Traits:
    """How an operation is run and its picture written.

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


# What is not named here, an operation on frames, counts as exact.
TRAITS: Mapping[str, Traits] = {
    "greyscale": Traits(luma=True, unchanged="the image was grey already and is unchanged"),
    "resize": Traits(unchanged="the image has that size, or is smaller, and is unchanged"),
    "thumbnail": Traits(whole=True),
    "convert": Traits(whole=True, changes=False),
    "rotate": Traits(unchanged="a whole turn leaves the image unchanged"),
    "blur": Traits(),
    "edges": Traits(luma=True),
    "strip": Traits(exact=True, whole=True, changes=False),
}


def traits_of(name: str) -> Traits:
    """Return the traits of the operation called `name`."""
    return TRAITS.get(name, Traits(exact=True))


def are_exact(names: Sequence[str]) -> bool:
    """Tell whether values matter to the last bit after these operations, one after the other.

    The last one that changes pixels decides; if none does, the last of all.
    """
    every = [traits_of(name) for name in names]
    changing = [traits for traits in every if traits.changes]
    return (changing or every)[-1].exact
