"""The word that was meant where another was typed."""

from collections import Counter
from collections.abc import Iterable
from difflib import SequenceMatcher

# From 0, nothing in common, to 1. Words that are less alike are rather two than one mistyped.
_ALIKE = 0.78

# No name of ours is as long; comparing takes quadratic time.
_TYPED_MAX = 80


def did_you_mean(typed: str, words: Iterable[str]) -> str:
    """Return ' (did you mean WORD?)' with the word most like `typed`, or an empty text if none is."""
    word = nearest(typed, words)
    return f" (did you mean {word}?)" if word else ""


def nearest(typed: str, words: Iterable[str]) -> str | None:
    """Return the one of `words` that is most like `typed`, or None if none is."""
    begun = typed[:_TYPED_MAX].casefold()
    found = max(words, key=lambda word: _likeness(begun, word), default=None)
    return found if found is not None and _likeness(begun, found) >= _ALIKE else None


def _likeness(typed: str, word: str) -> float:
    """Compare by the letters in their order and in any: `.jpge` has all of `.jpeg`, two swapped."""
    in_order = SequenceMatcher(None, typed, word).ratio()
    common = (Counter(typed) & Counter(word)).total()
    return (in_order + 2 * common / max(1, len(typed) + len(word))) / 2
