"""What a file says of its pixels beside them, mostly a PNG, and what a file made from it holds of that.

The colours' encoding (gAMA, cHRM, sRGB, cICP, mDCV, cLLI), how many bits counted at first (sBIT), a ground
to show the picture on (bKGD), and the proportions of a pixel (pHYs): https://www.w3.org/TR/png-3/#11addnlcolinfo
"""

import struct
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from PIL import Image

ENCODING = (b"cICP", b"mDCV", b"cLLI", b"gAMA", b"cHRM", b"sRGB")

# sRGB as the other chunks say it: https://www.w3.org/TR/png-3/#sRGB-gAMA-cHRM; and ITU-T H.273 for cICP.
_SRGB_CODES = b"\x01\x0d\x00\x01"
_SRGB_GAMMA = 45_455
_SRGB_PRIMARIES = (31_270, 32_900, 64_000, 33_000, 30_000, 60_000, 15_000, 6_000)
# In the chunks' units, hundred-thousandths: what writers round away is not seen.
_NEAR = 1_000

_SIGNATURE_AND_HEADER = 33
_ASPECT = 0  # pHYs and JFIF: the numbers have no unit
_PROPORTIONS = "pixel proportions"
# ITU-T T.871, 10.1: what a JFIF file begins with, and the version before the unit.
_JFIF, _JFIF_VERSION_BYTES = b"\xff\xd8\xff\xe0\0\x10JFIF\0", 2


@dataclass(frozen=True)
class Marks:
    """What a PNG says beside its pixels, or a JPEG of their proportions.

    `encoding` has the bodies of chunks by their names, `bits` that of sBIT where it names fewer bits than
    there are. `ground` is red, green and blue, 0 to 65,535. `aspect` are pixels on the same length across and
    down. `lost` are the names of what is no longer true of the picture.
    """

    encoding: Mapping[bytes, bytes] = field(default_factory=dict)
    bits: bytes | None = None
    ground: tuple[int, int, int] | None = None
    aspect: tuple[int, int] | None = None
    lost: tuple[str, ...] = ()

    @classmethod
    def of_jfif(cls, told: Mapping[Any, Any]) -> "Marks":
        """Return what a JPEG says that Pillow has read; `told` is its `info`."""
        across, down = told.get("jfif_density", (1, 1))
        oblong = told.get("jfif_unit") == _ASPECT and across and down and across != down
        return cls(aspect=(across, down) if oblong else None)

    def changed(self, *, resized: bool) -> "Marks":
        """Return what still holds once the pixels were changed."""
        lost = [*self.lost]
        lost += ["sBIT"] if self.bits else []
        lost += [_PROPORTIONS] if self.aspect and resized else []
        return replace(self, bits=None, aspect=None if resized else self.aspect, lost=tuple(lost))

    def sides_swapped(self) -> "Marks":
        """Return what holds for the picture after a quarter turn."""
        return replace(self, aspect=(self.aspect[1], self.aspect[0]) if self.aspect else None)

    def into(self, kind: str, data: bytes, image: Image.Image, *, profile: bool) -> tuple[bytes, list[str]]:
        """Return a file of `image` with what it can hold, and sentences on what was dropped.

        `profile`: it has a colour profile.
        """
        if kind == "PNG":
            data, gone = self._written(data, image, profile=profile)
        else:
            gone = self._unheld(profile=profile)
            if self.aspect and kind == "JPEG" and (held := _in_jfif(data, self.aspect)):
                data = held
            elif self.aspect:
                gone.append(_PROPORTIONS)
        notes = [_dropped(gone, f"the {kind} file cannot hold", "")] if gone else []
        if self.lost:
            notes.append(_dropped(self.lost, "", "no longer true"))
        return data, notes

    def _unheld(self, *, profile: bool) -> list[str]:
        """Return the names of what no other format holds."""
        names = [name.decode() for name in self.encoding] if self._says_more(profile=profile) else []
        names += ["bKGD"] if self.ground else []
        return names + (["sBIT"] if self.bits else [])

    def _says_more(self, *, profile: bool) -> bool:
        """Tell whether the colours are meant otherwise than without it: without any, they are sRGB's."""
        said = self.encoding
        if b"cICP" in said:
            return said[b"cICP"] != _SRGB_CODES
        if profile or b"sRGB" in said:
            return False
        near = True
        if b"gAMA" in said:
            near = abs(int.from_bytes(said[b"gAMA"]) - _SRGB_GAMMA) <= _NEAR
        if b"cHRM" in said:
            found = struct.unpack(">8I", said[b"cHRM"])
            near &= all(abs(one - other) <= _NEAR for one, other in zip(found, _SRGB_PRIMARIES, strict=True))
        return not near

    def _written(self, png: bytes, image: Image.Image, *, profile: bool) -> tuple[bytes, list[str]]:
        """Return a PNG with what holds for it, and the names of what does not."""
        gone, first, later = [], b"", b""
        for name, body in self.encoding.items():
            if not (profile and name == b"sRGB"):  # they must not stand beside each other
                first += chunk_of(name, body)
        if self.bits and len(self.bits) == len(_without_bits(image)):
            first += chunk_of(b"sBIT", self.bits)
        elif self.bits:
            gone.append("sBIT")
        if self.aspect:
            later += chunk_of(b"pHYs", struct.pack(">IIB", *self.aspect, _ASPECT))
        if self.ground:
            ground = _ground(image, self.ground)
            later += chunk_of(b"bKGD", ground) if ground else b""
            gone += [] if ground else ["bKGD"]
        if not first and not later:
            return png, gone
        place = _before_pixels(png)
        head = png[:_SIGNATURE_AND_HEADER] + first + png[_SIGNATURE_AND_HEADER:place] + later
        return head + png[place:], gone


def chunk_of(name: bytes, body: bytes) -> bytes:
    """Return a chunk of PNG, with its length and checksum."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _dropped(names: Collection[str], unable: str, untrue: str) -> str:
    once = list(dict.fromkeys(names))
    several = len(once) > 1 or once == [_PROPORTIONS]
    were, them, are = ("were", "them", "they are") if several else ("was", "it", "it is")
    return (
        f"the image's {', '.join(once)} {were} dropped: {f'{unable} {them}' if unable else f'{are} {untrue}'}"
    )


def _in_jfif(jpeg: bytes, aspect: tuple[int, int]) -> bytes | None:
    """Return a JPEG that Pillow wrote with its pixels' proportions; None if it cannot hold them."""
    if not jpeg.startswith(_JFIF) or max(aspect) > 65_535:
        return None
    place = len(_JFIF) + _JFIF_VERSION_BYTES
    return jpeg[:place] + struct.pack(">BHH", _ASPECT, *aspect) + jpeg[place + 5 :]


def _before_pixels(png: bytes) -> int:
    """Return the place of the first chunk behind which neither ground nor aspect may stand."""
    place = _SIGNATURE_AND_HEADER
    while png[place + 4 : place + 8] not in (b"acTL", b"fcTL", b"IDAT"):
        place += 12 + int.from_bytes(png[place : place + 4])
    return place


def _without_bits(image: Image.Image) -> str:
    """Return a letter for each channel of which sBIT tells; a palette's are those of its colours."""
    return {"1": "L", "I;16": "L", "P": "RGB"}.get(image.mode, image.mode)


def _ground(image: Image.Image, colour: tuple[int, int, int]) -> bytes | None:
    """Return the body of bKGD for a PNG of `image`, None where it cannot hold the colour."""
    upper = tuple(value >> 8 for value in colour)
    if image.mode in ("RGB", "RGBA"):
        return struct.pack(">3H", *upper)
    if image.mode == "P":
        flat = image.getpalette("RGB") or []
        places = list(zip(flat[0::3], flat[1::3], flat[2::3], strict=False))
        return bytes([places.index(upper)]) if upper in places else None
    shade = upper[0]
    if len(set(colour)) > 1 or (image.mode == "1" and shade not in (0, 255)):
        return None
    return struct.pack(">H", {"1": shade // 255, "I;16": colour[0]}.get(image.mode, shade))
