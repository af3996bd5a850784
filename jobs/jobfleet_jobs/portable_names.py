"""Names of files that Windows does not let be, and what they become there.

https://learn.microsoft.com/en-us/windows/win32/fileio/naming-a-file
"""

_FORBIDDEN = '<>:"/\\|?*'
# Devices, in capitals or not, and also with an ending: aux.jpg is one.
_DEVICES = frozenset({
    "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$",
    *(f"{port}{number}" for port in ("COM", "LPT") for number in "123456789¹²³"),
})  # fmt: skip
_DROPPED_AT_THE_END = " ."


def why_not_on_windows(name: str) -> str | None:
    """Return what is wrong with a file's name, without its folder, on Windows; None if nothing is."""
    wrong = next((one for one in name if _is_forbidden(one)), None)
    if wrong is not None:
        return f"Windows allows no {wrong!r} in the name of a file"
    if _is_device(name):
        return f"Windows keeps the name {name.partition('.')[0].rstrip()!r} for a device, whatever the ending"
    if name.endswith(tuple(_DROPPED_AT_THE_END)):
        return "Windows drops blanks and points from the end of a name"
    return None


def portable_name(name: str) -> str:
    """Return a file's name, without its folder, as near to `name` as every system can have it.

    It is empty if nothing of the name is left.
    """
    kept = "".join("_" if _is_forbidden(one) else one for one in name).rstrip(_DROPPED_AT_THE_END)
    if _is_device(kept):
        stem, point, ending = kept.partition(".")
        kept = f"{stem.rstrip()}_{point}{ending}"
    return kept


def _is_forbidden(character: str) -> bool:
    return character in _FORBIDDEN or character < " "


def _is_device(name: str) -> bool:
    return name.partition(".")[0].rstrip().upper() in _DEVICES
