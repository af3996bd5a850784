"""Packages with operations, as pip would leave them: a module and its metadata in a folder for PYTHONPATH."""

from pathlib import Path

WORD_COUNT = """
from collections import Counter

from jobfleet_jobs import BadJob, Whole, operation


@operation(
    "word-count",
    takes="file",
    summary="How many words a text has.",
    parameters=[Whole("top", "List so many of the most frequent.", 2, minimum=0, maximum=100)],
)
def word_count(data: bytes, *, top: int) -> dict[str, object]:
    try:
        words = data.decode().split()
    except UnicodeDecodeError:
        raise BadJob("not-text", "the file is no UTF-8 text") from None
    print("counting")
    return {"words": len(words), "top": Counter(words).most_common(top)}
"""


def install(folder: Path, name: str, code: str, *entries: str, version: str = "1.0") -> Path:
    """Put a package into a folder; `entries` are lines such as `word-count = words:word_count`."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("\n".join(["[jobfleet.operations]", *entries, ""]))
    return folder
