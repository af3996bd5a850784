"""What a HEIC or AVIF file says of its pictures, read without decoding any.

ISO/IEC 23008-12:2022 (HEIF): a file has items, each with properties and references to others. One
is the primary item, the picture. It may be a grid of other items, as phones write it. Thumbnails,
depth maps and gain maps are items that refer to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from jobfleet_worker.operations.imaging.heif.boxes import Box, BoxFields

# Items made of other items, and those that hold a coded picture.
_DERIVED = frozenset({b"grid", b"iovl", b"iden"})
_CODED = frozenset({
    b"hvc1", b"av01", b"vvc1", b"avc1", b"evc1", b"j2k1", b"jpeg", b"unci", b"lhv1", b"hvt1", b"mski",
})  # fmt: skip

# How an auxiliary item says that it is the alpha plane (HEIF 6.5.8, AV1 Image File Format 4.1).
_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")

# A grid of tiles, turned by an identity, in an overlay: more layers nobody writes.
_LAYERS_MAX = 4


@dataclass
class Item:
    """One item: its kind and where that stands, its properties in their order, and where its bytes lie.

    A reader that does not know an `essential` property must not show the item.
    """

    kind: bytes = b""
    place: int = 0
    hidden: bool = False
    properties: list[Box] = field(default_factory=list)
    essential: set[Box] = field(default_factory=set)
    places: list[tuple[int, int]] = field(default_factory=list)


@dataclass
class HeifHeader:
    """The description of a file, as `read_header` fills it; `end` is where its last box ends.

    `references` have their kind, the item that refers, and those it refers to.
    """

    data: bytes
    brand: bytes = b""
    file_type: bytes = b""
    primary: int = 0
    items: dict[int, Item] = field(default_factory=dict)
    references: list[tuple[bytes, int, tuple[int, ...]]] = field(default_factory=list)
    has_sequence: bool = False
    has_film: bool = False
    end: int = 0

    @cached_property
    def children(self) -> Mapping[int, tuple[int, ...]]:
        """What each derived item is made of, in order; one item may stand in it many times."""
        return {source: targets for kind, source, targets in self.references if kind == b"dimg"}

    def property(self, item: int, name: bytes) -> BoxFields | None:
        """Return the first property of that name that an item has."""
        return next(self.properties(item, name), None)

    def properties(self, item: int, name: bytes) -> Iterator[BoxFields]:
        """Give all properties of that name that an item has."""
        for box in self.items[item].properties:
            if box.name == name:
                yield BoxFields(self.data, box.start, box.end)

    def has(self, item: int, *names: bytes) -> bool:
        """Tell whether an item has a property of one of these names."""
        return any(box.name in names for box in self.items[item].properties)

    def size(self, item: int) -> tuple[int, int]:
        """Return width and height before anything is turned or cut; 0 x 0 if they are not told."""
        told = self.property(item, b"ispe")
        if told is None:
            return 0, 0
        told.take(4)
        return told.number(4), told.number(4)

    def made_of(self, item: int) -> list[int]:
        """Return the coded items that an item is made of, each once. Raises `ValueError`."""
        return [one for one in self.all_of(item) if self.items[one].kind not in _DERIVED]

    def all_of(self, item: int) -> list[int]:
        """Return an item and all that it is made of, each once. Raises `ValueError`."""
        found = {item: None}
        waiting = [item]
        while waiting:
            one = waiting.pop()
            if one not in self.items:
                raise ValueError(f"part {one} of the picture is missing")
            if self.items[one].kind in _DERIVED:
                new = [part for part in dict.fromkeys(self.children.get(one, ())) if part not in found]
                found |= dict.fromkeys(new)
                waiting += new
        return list(found)

    def pixels_to_decode(self, item: int) -> int:
        """Return the pixels of all that is decoded for an item: tiles count as often as they stand in it.

        An alpha plane counts where it has more of them than the colours.
        """
        known: dict[int, int] = {}

        def pixels(one: int, layer: int) -> int:
            if layer > _LAYERS_MAX:
                raise ValueError("the picture is made of itself, or of too many layers")
            if one not in known:
                width, height = self.size(one)
                derived = self.items[one].kind in _DERIVED
                parts = self.children.get(one, ()) if derived else ()
                alpha = self.alpha(one)
                clear = 0 if alpha is None else pixels(alpha, layer + 1)
                known[one] = max(width * height, clear, sum(pixels(part, layer + 1) for part in parts))
            return known[one]

        return pixels(item, 0)

    def auxiliaries(self, item: int) -> Mapping[int, bytes]:
        """Return the auxiliary items of an item, and what each says that it is."""
        found = {}
        for kind, source, targets in self.references:
            if kind == b"auxl" and item in targets and source in self.items:
                found[source] = self._auxiliary_kind(source)
        return found

    def _auxiliary_kind(self, item: int) -> bytes:
        told = self.property(item, b"auxC") if item in self.items else None
        return told.text() if told is not None and told.take(4) else b""

    @cached_property
    def _alphas(self) -> Mapping[int, int]:
        found: dict[int, int] = {}
        for kind, source, targets in self.references:
            if kind == b"auxl" and self._auxiliary_kind(source) in _ALPHA:
                for target in targets:
                    found.setdefault(target, source)
        return found

    def alpha(self, item: int) -> int | None:
        """Return the item that is an item's alpha plane, if it has one."""
        return self._alphas.get(item)

    def planes(self, item: int) -> list[int]:
        """Return an item and its alpha planes, each once: its own, and those of what it is made of.

        A grid may have one alpha plane, or one on each tile, which readers put together as they do the tiles.
        Raises `ValueError`.
        """
        alphas = [self._alphas[one] for one in self.all_of(item) if one in self._alphas]
        return list(dict.fromkeys([item, *alphas]))

    def referring(self, kind: bytes, to: int) -> list[int]:
        """Return the items that refer to another by a kind of reference."""
        return [one for name, one, targets in self.references if name == kind and to in targets]

    def contents(self, item: int) -> bytes:
        """Return the bytes of an item, nothing if they lie where nobody puts them."""
        return b"".join(self.data[start : start + length] for start, length in self.items[item].places)

    def others(self) -> list[int]:
        """Return the pictures besides the primary one: no tiles, thumbnails or auxiliary ones."""
        parts = {one for targets in self.children.values() for one in targets}
        beside = {source for kind, source, _ in self.references if kind in (b"thmb", b"auxl")}
        return [
            number
            for number, item in self.items.items()
            if item.kind in _CODED | _DERIVED and not item.hidden
            and number not in {self.primary, *parts, *beside}
        ]  # fmt: skip
