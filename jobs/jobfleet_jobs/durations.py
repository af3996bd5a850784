"""Times that pass, as a person says them."""

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def duration(seconds: float) -> str:
    """Say how long: '12 ms', '2.5 s', '3 min 5 s', '2 h 5 min', '3 d 4 h'; never more than two units."""
    if seconds < 0.0001:
        return "0 s" if seconds <= 0 else "under 0.1 ms"
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    left = round(seconds)
    for place, (unit, size) in enumerate(_UNITS):
        if left >= size:
            whole, rest = divmod(left, size)
            smaller, small_size = _UNITS[min(place + 1, len(_UNITS) - 1)]
            more = rest // small_size if unit != "s" else 0
            return f"{whole} {unit}" + (f" {more} {smaller}" if more else "")
    return "0 s"
