"""An operation of one's own: count the words of a text, and write them all into a table if that is wanted."""

import csv
import io
import re
from collections import Counter

from jobfleet_jobs import BadJob, File, Flag, Whole, operation

_WORD = re.compile(r"\w+(?:['-]\w+)*")


@operation(
    "word-count",
    takes="file",
    gives="file",
    endings=[".csv"],
    summary="How many words a text has, and which are the most frequent.",
    parameters=[
        Whole("top", "List so many of the most frequent.", 10, minimum=0, maximum=1000),
        Whole("length", "Leave out words of fewer letters.", 1, minimum=1, maximum=100),
        Flag("case", "Tell capitals from small letters."),
    ],
    examples=["README.md --param top=5", "texts/ -o tables/"],
)
def word_count(data: bytes, *, top: int = 10, length: int = 1, case: bool = False) -> File:
    """Return how many words there are, and a table of all of them."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise BadJob("not-text", f"the file is no UTF-8 text: byte {problem.start} is none") from None
    words = [word for word in _WORD.findall(text if case else text.casefold()) if len(word) >= length]
    counts = sorted(Counter(words).items(), key=lambda item: (-item[1], item[0]))
    return File(
        _table(counts),
        {"words": len(words), "different": len(counts), "top": dict(counts[:top])},
        "text/csv; charset=utf-8",
    )


def _table(counts: list[tuple[str, int]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([("word", "count"), *counts])
    return out.getvalue().encode()
