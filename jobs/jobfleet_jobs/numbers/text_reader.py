"""Numbers written as text: one reader for the client, which checks early, and the worker."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.characters import BETWEEN, ITEM, UNSEEN, line_ends_in
from jobfleet_jobs.numbers.comma_habit import CommaHabit
from jobfleet_jobs.numbers.readings import Readings
from jobfleet_jobs.numbers.words import NoNumber, Number, read_number, read_other, read_quickly

# The rest of `1 000`, known by itself, as pieces may part it from what stands before. Decimals may
# follow.
_SPACED_ZEROS = re.compile(rf" (0[0-9]{{2}}(?:\.[0-9]*)?)(?![^{BETWEEN},])")

# As many bad values are told, and so many counted: a film sent as numbers is not read to its end.
_TOLD = 20
_COUNTED = 1000


class NumbersText:
    """Numbers in a text that comes in pieces, of which none parts a number; also what is to be said of them.

    They stand apart by white space, commas or semicolons; `characters.SEPARATORS` has the white space that
    counts. Whole numbers stay exact. `pieces` gives the text from its start, as often as it is called.
    """

    def __init__(self, pieces: Callable[[], Iterable[str]]) -> None:
        self._pieces = pieces
        self._commas, self._readings = CommaHabit(), Readings()
        self._before = 0

    def __iter__(self) -> Iterator[list[Number]]:
        """Yield all numbers, some at a time.

        Raises `BadJob` that names the values that are no finite numbers, each with its line where there
        are several lines; of many the first 20, and how many there are, if not over 1,000.
        """
        found, last = False, ""
        for piece in self._pieces():
            self._before += line_ends_in(last)
            try:
                numbers = read_quickly(piece)
                if numbers is None:
                    numbers = self._read(piece)
            except NoNumber:
                raise bad_numbers(_problems_in(self._pieces)) from None
            if numbers:
                found = True
                yield numbers
            self._commas.look(piece, self._before, len(numbers))
            self._look_for_zeros(piece)
            last = piece
        if not found:
            raise no_numbers()

    @property
    def notes(self) -> list[str]:
        """Sentences on how the numbers were read; known when all were."""
        return [*filter(None, [self._commas.note]), *self._readings.notes()]

    def _read(self, piece: str) -> list[Number]:
        numbers = []
        for item in ITEM.finditer(piece):
            whole, parted = _looked_at(item[0])
            for word in _words_of(whole):
                try:
                    numbers.append(read_number(word))
                except NoNumber:
                    number, ways = _read_other(word, whole, parted=parted)
                    line = (
                        self._before + line_ends_in(piece[: item.start()]) + 1 if self._is_first(ways) else 0
                    )
                    self._readings.add(ways, line, word, number)
                    numbers.append(number)
        return numbers

    def _look_for_zeros(self, piece: str) -> None:
        if " 0" in piece and not self._readings.has("zeros") and (found := _SPACED_ZEROS.search(piece)):
            line = self._before + line_ends_in(piece[: found.start()]) + 1
            self._readings.add(("zeros",), line, found[1], read_number(found[1]))

    def _is_first(self, ways: Iterable[str]) -> bool:
        return not all(map(self._readings.has, ways))


def parse_numbers(text: str) -> list[Number]:
    """Return the numbers in a text. Raises `BadJob`; see `NumbersText`."""
    return read_text(text)[0]


def read_text(text: str) -> tuple[list[Number], list[str]]:
    """Return the numbers in a text, and sentences on how they were read; see `NumbersText`."""
    text = text.removeprefix("\ufeff")
    reader = NumbersText(lambda: [text])
    [numbers] = reader
    return numbers, reader.notes


def no_numbers() -> BadJob:
    """Return the refusal of an input without any."""
    return BadJob("no-numbers", "there are no numbers in the input; give at least one")


def bad_numbers(problems: Iterable[str]) -> BadJob:
    """Return the error that tells of at least one bad value, a line each; of many, how many there are."""
    found = list(islice(problems, _COUNTED))
    if len(found) == 1:
        return BadJob("bad-number", found[0])
    end = " or more" if len(found) == _COUNTED else ""
    more = [f"… and {len(found) - _TOLD:,}{end or ' more'}"] if len(found) > _TOLD else []
    head = f"{len(found):,}{end} values are no numbers:"
    return BadJob("bad-number", "\n".join([head, *found[:_TOLD], *more]))


def _looked_at(item: str) -> tuple[str, bool]:
    """Return an item, and whether commas part it. Once for all its words: an item may be the whole text."""
    return item, "," in item.rstrip(f",{UNSEEN}")


def _words_of(item: str) -> Iterator[str]:
    for word in item.split(","):
        if word := word.strip(UNSEEN):
            yield word


def _read_other(word: str, item: str, *, parted: bool) -> tuple[Number, tuple[str, ...]]:
    """Return the number of a word of an item that is not plain, and in which ways it was read."""
    number, ways = read_other(word)
    if "groups" in ways and parted:
        raise NoNumber(
            item, "may be one number or several; leave out what groups digits, and write a decimal point"
        )
    return number, ways


def _problems_in(pieces: Callable[[], Iterable[str]]) -> Iterator[str]:
    """Yield a sentence for each word that is no number, with its line, where there is more than one line."""
    several, line = _has_several_lines(pieces()), 1
    for piece in pieces():
        for place, text in enumerate(piece.splitlines(), line):
            for item in ITEM.finditer(text):
                whole, parted = _looked_at(item[0])
                for word in _words_of(whole):
                    try:
                        _read_other(word, whole, parted=parted)
                    except NoNumber as problem:
                        yield f"line {place}: {problem}" if several else str(problem)
        line += line_ends_in(piece)


def _has_several_lines(pieces: Iterable[str]) -> bool:
    ended = False
    for piece in pieces:
        if ended or len(piece.splitlines()) > 1:
            return True
        ended = line_ends_in(piece) > 0
    return False
