"""WebP files that are cut off: libwebp says of them only that it makes no decoder."""

from jobfleet_jobs.errors import BadJob

# The size in front counts what stands behind it: https://developers.google.com/speed/webp/docs/riff_container
_SIZE_AT = 4
_HEADER = 8


def check_webp(data: bytes) -> None:
    """Raise `BadJob` for a WebP that is shorter than it says of itself."""
    if not (data.startswith(b"RIFF") and data[_HEADER : _HEADER + 4] == b"WEBP"):
        return
    end = _HEADER + int.from_bytes(data[_SIZE_AT:_HEADER], "little")
    if end > len(data) + 1:  # the byte that makes the last part even may be missing
        raise BadJob(
            "broken-image",
            f"the WEBP image is damaged: the file ends at byte {len(data):,}, and the image at byte {end:,}",
        )
