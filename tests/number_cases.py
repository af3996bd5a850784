"""Numbers as people's programs write them: what each text or table is read as, and what is said of it.

The rules are those of docs/numbers.md. The same cases go through every path that reads numbers.
"""

from typing import NamedTuple


class Case(NamedTuple):
    """A text, the numbers in it (of a table, in its column `x`; None if it is refused), and what is said."""

    text: str
    numbers: list[int | float] | None
    said: tuple[str, ...] = ()


def refused(text: str, *said: str) -> Case:
    """Return the case of an input that is refused with these words."""
    return Case(text, None, said)


TEXTS = [
    # What separates.
    Case("1 2\t3\r\n4\r5\n6;7,8\x0b9\x0c10\x8511\u202812\u202913\u300014\x1c15\x1f16", [*range(1, 17)]),
    Case("1,2,3", [1, 2, 3]),
    Case("1, 2, 3", [1, 2, 3]),
    Case("1 234", [1, 234]),
    Case("5\n1 000 000", [5, 1, 0, 0], ("line 2: '000' was read as 0: spaces separate",)),
    Case("1 000,5", [1, 0, 5], ("'000' was read as 0: spaces separate", "'000,5' was read as 000 and 5")),
    Case("7\n1 012.5\n", [7, 1, 12.5], ("line 2: '012.5' was read as 12.5: spaces separate",)),
    Case("1 000, 5", [1, 0, 5], ("'000' was read as 0: spaces separate",)),
    *(Case(f"{first} 234,5{end}", [int(first), 234, 5], ("'234,5' was read as 234 and 5", "write points"))
      for first in ("1", "-1", "12") for end in ("", "\n", " \r\n\n")),
    Case("1 234,56 2.5", [1, 234, 56, 2.5], ("'234,56' was read as 234 and 56",)),
    Case("1 23,5\n\n\u00a0\n", [1, 23, 5]),
    Case("1 23,5", [1, 23, 5]),
    Case("0.5 0.25 0 05 0123 -1 00", [0.5, 0.25, 0, 5, 123, -1, 0]),
    Case("\u00a01\u00a0\n\u200b2\ufeff,\u20603\u200e;\u20074", [1, 2, 3, 4]),
    Case("5\n\u00a0\n\ufeff6", [5, 6]),
    refused("1.5\u00a02.5", "NO-BREAK SPACE (U+00A0)", "write a space if it separates"),
    refused("1\u30002\n1\u200b2", "line 2: '1\\u200b2'", "ZERO WIDTH SPACE (U+200B)"),
    refused("1\u20602", "WORD JOINER (U+2060)"),
    refused("1\ufeff2", "BYTE ORDER MARK (U+FEFF)"),
    refused("1\u20032", "EM SPACE (U+2003)"),
    refused("1\u00ad2", "SOFT HYPHEN (U+00AD)"),
    refused("1\x002", "NUL (U+0000)", "leave it out"),
    refused("1\uff0c2", "FULLWIDTH COMMA (U+FF0C)"),
    # Grouped digits.
    *(
        Case(f"7\n1{mark}234 5", [7, 1234, 5], (f"line 2: {f'1{mark}234'!r} was read as 1234", "grouped"))
        for mark in "\u00a0\u202f\u2009\u2007'\u2019"
    ),
    Case("1'234'567.25 -1\u202f000", [1234567.25, -1000], ("and 1 more likewise",)),
    refused("1'23", "leave out what groups its digits"),
    refused("1'2345", "leave out what groups its digits"),
    refused("1\u00a0234\u202f567", "NO-BREAK SPACE"),
    refused("0\u00a0123", "NO-BREAK SPACE"),
    refused("1\u00a0234,50", "'1\\xa0234,50' may be one number or several"),
    refused("1'234,5", "may be one number or several"),
    Case("1'234, 5", [1234, 5], ("1234",)),
    Case("1,234,567", [1, 234, 567], ("'1,234,567' was read as 1, 234 and 567 (line 1)", "leave them out")),
    Case("9\n100,200,300\n", [9, 100, 200, 300], ("'100,200,300'", "(line 2)")),
    Case("1,234", [1, 234], ("'1,234' was read as 1 and 234",)),
    Case("-1,234.50\u00a0", [-1, 234.5], ("'-1,234.50' was read as -1 and 234.50",)),
    Case("12,34,567", [12, 34, 567], ("'12,34,567'",)),
    Case("1.234,56", [1.234, 56], ("'1.234,56' was read as 1.234 and 56", "write 1234.56")),
    Case("1,5\n2,7", [1, 5, 2, 7], ("'1,5' was read as 1 and 5", "write points instead")),
    Case("3\n1,5\n2", [3, 1, 5, 2], ("'1,5' was read as 1 and 5 (line 2); if these are decimal commas",)),
    Case("3.5\n1,5\n2\n", [3.5, 1, 5, 2], ("(line 2)", "write points instead")),
    Case("1,2 3 6", [1, 2, 3, 6]),
    Case("1,5;2.5;3,5", [1, 5, 2.5, 3, 5], ("'1,5' was read as 1 and 5 (line 1)", "write points instead")),
    Case("1\t5,5\n2\t7.5\n", [1, 5, 5, 2, 7.5], ("'5,5' was read as 5 and 5 (line 1)",)),
    Case("2 7.5\n1 5,5", [2, 7.5, 1, 5, 5], ("'5,5' was read as 5 and 5 (line 2)",)),
    Case("1,5", [1, 5]),
    Case("\u22121,5 \u22122,7", [-1, 5, -2, 7], ("'-1,5' was read as -1 and 5", "its dash is a minus")),
    Case("1,234\n5,67", [1, 234, 5, 67], ("write points instead; if they group digits, leave them out",)),
    Case(",".join(["100"] * 50), [100] * 50),
    refused("1.234.567,89", "'1.234.567' is not a number", "leave out what groups its digits"),
    refused("1_000", "leave out the underscores"),
    # Signs.
    *(Case(f"4 {sign}5", [4, -5], (f"{f'{sign}5'!r} was read as -5: its dash is a minus",))
      for sign in "\u2212\u2012\u2013\u2010\u2011\ufe63\uff0d"),
    Case("1e\u22122 +5", [0.01, 5], ("its dash is a minus",)),
    refused("\u20145", "EM DASH (U+2014): write - for a minus"),
    refused("5\u20137", "write a space between two numbers"),
    refused("5-7", "write a space between two numbers"),
    refused("--1", "'--1' is not a number"),
    refused("123-", "write the minus before it"),
    refused("(123)", "write the minus before it"),
    refused("-", "write 0, or leave it out"),
    # Other digits and other forms.
    *(refused(digit, "write it with the digits 0 to 9") for digit in "\u0661\u0967\uff11\u00bd\u00b2"),
    Case("1e3 1E+03 .5 5. -0.0", [1000.0, 1000.0, 0.5, 5.0, 0.0]),
    Case("1 0e-400 0.0E5 5e-324", [1, 0.0, 0.0, 5e-324]),
    Case("7\n1e-400 -2.5E-330", [7, 0.0, 0.0], ("line 2: '1e-400' was read as 0.0, and 1 more",)),
    Case(f"7 0.{'0' * 330}1", [7, 0.0], ("was read as 0.0: it is too small",)),
    Case("\u22121e-400", [0.0], ("its dash is a minus", "it is too small")),
    refused("1.0D+02", "write E for the exponent"),
    refused("0x1F", "write it in decimal digits"),
    refused("12%", "leave out the percent sign"),
    refused("$5", "leave out '$'"),
    refused("5\u20ac", "leave out '\u20ac'"),
    refused("CHF5", "leave out 'CHF'"),
    refused("5kg", "leave out 'kg'"),
    *(refused(f"1 {word}", f"'{word}' is not a number; leave it out")
      for word in ("NaN", "nan", "NA", "N/A", "NULL", "Inf", "-inf", "TRUE", "#N/A", "#DIV/0!", "#NAME?")),
    refused("# a note\n1", "line 1: '#' is not a number", "leave out lines"),
    refused("sep=;\n1;2", "'sep=' is not a number; this is a table: name the columns"),
    refused("1\n2\nfour", "line 3: 'four' is not a number"),
    refused(" \u00a0\u200b\n", "there are no numbers"),
]  # fmt: skip

_NAMED = "begin with names of their own"

TABLES = [
    # What parts cells.
    *(Case(f"y{mark}x\n1{mark}2.5\n", [2.5]) for mark in ",;\t| "),
    *(Case(f"{first}\ny{mark}x\n1{mark}2.5\n", [2.5])
      for first, mark in (("sep=;", ";"), ("sep=\t", "\t"), ("sep=\\t", "\t"), ('"sep=;"', ";"),
                          ("SEP=,", ","), ("sep=;;;", ";"), ("sep=:", ":"))),
    Case('"sep=,"\r\n"y","x"\r\n"a, b","2"\r\n', [2]),
    Case("  y    x\n  1    2.5\n 10   20.5  \n", [2.5, 20.5]),
    Case("x\r1\r2", [1, 2]),
    Case("x;y\n1e-400;1\n0,5;2\n", [0.0, 0.5], ("line 2: '1e-400' was read as 0.0: it", "commas")),
    Case("x,y\n0,1\n(1E-400),2\n", [0, 0.0], ("its parentheses", "it is too small")),
    Case("x,y\n1,2\r3,4\r\n5,6", [1, 3, 5]),
    Case("x,y,\n1,2\n3,4,\n", [1, 3]),
    Case("x,y\n1,2,,\n\n,,\n3,4\n", [1, 3]),
    # Which row has the names.
    Case('#TYPE System.Management.Automation.PSCustomObject\r\n"x","y"\r\n"1","a"\r\n"2,5","b"\r\n', None,
         ("line 4, column 'x': '2,5' is not a number",)),
    Case('#TYPE Selected.System.Object\r\n"y","x"\r\n"a","1"\r\n', [1]),
    Case("# made by a program\n# on a Monday\ny,x\n1,2\n# half\n3,4\n", [2, 4], ("1 line that", "line 5")),
    Case("#,x\n1,2\n", [2]),
    Case("# y x\n1.0 2.5\n3.0 4.5\n", [2.5, 4.5]),
    Case("#x\ty\n1\t2\n", [1]),
    Case("x\n1\n# no number\n2\n#\n", [1, 2], ("2 lines that begin with '#'",)),
    Case("x\n#N/A\n3\n", [3], ("1 cell with '#N/A' left out",)),
    refused("x\n#DIV/0!\n3\n", "line 2, column 'x': '#DIV/0!' is not a number; leave it out"),
    refused("x,y\n#REF!\n3,4\n", "line 2: 1 cell, where the first row has 2"),
    Case("rank,x\n#1,5\n#2,6\n", [5, 6]),
    refused("A title\n\ny,x\n1,2\n", "there is no column 'x'", "line 3 has it: delete what stands above"),
    refused("1,2\n3,4\n", "there is no column 'x'", "add a first row with them"),
    refused("y,X\n1,2\n", "there is no column 'x'", "did you mean 'X'?"),
    Case("x,X\n1,2\n", [1]),
    Case("y,\u00a0x\u200b \n1,2\n", [2]),
    Case("\ufeff\"x\",y\n1,2\n", [1]),
    refused("x,y, x\n1,2,3\n", "there are 2 columns 'x'; rename all but one"),
    # Names of rows.
    Case('"","x","y"\n"a",5,6\n"b",7,8\n', [5, 7]),
    Case(",x\n0,5\n1,7\n", [5, 7]),
    Case('"x" "y"\n"a" 5 6\n"b" 7 8\n', [5, 7], (_NAMED,)),
    Case('"x"\t"y"\n"a"\t5\t6\n', [5], (_NAMED,)),
    Case('"x";"y"\n"a";1,5;6\n', [1.5], (_NAMED, "decimal commas")),
    refused('"x","y"\n"a",5,6\n', "line 2: 3 cells, where the first row has 2"),
    refused("x;y\na;5;6\n", "line 2: 3 cells, where the first row has 2"),
    refused('"x";"y"\n1;5;"a note"\n', "line 2: 3 cells"),
    refused("x\n1,5\n", "line 2: 2 cells", "write decimals with a point"),
    # Decimals and groups.
    Case("x;y\n1,5;2\n-,5e2;3\n", [1.5, -50.0], ("commas in 2 numbers were read as decimal commas",)),
    Case("x;y\n1,234;2\n5,678;2\n", [1.234, 5.678], ("decimal commas", "if they group digits, leave")),
    Case("x;y\n1.234;2\n999;3\n", [1.234, 999], ("line 2: '1.234' was read with a decimal point",)),
    Case("x;y\n1.234;2\n2.5;3\n", [1.234, 2.5]),
    Case("x,y\n1.234,2\n", [1.234]),
    refused("x;y\n1,5;2\n2.5;2\n1.234;3\n", "'1,5' in line 2 has a decimal", "'1.234' in line 4 may be"),
    Case("x;y\n950;3\n1.234,50;2\n1.234;4\n-1.234.567,5;9\n7,5;1\n", [950, 1234.5, 1234, -1234567.5, 7.5],
         ("line 3: '1.234,50' was read as 1234.5, and 2 more likewise",)),
    refused("x;y\n1.234,50;2\n2.5;1\n", "line 3, column 'x': '2.5' is not a number; points group"),
    refused("x;y\n1.234.567;2\n", "'1.234.567' is not a number", "leave out what groups its digits"),
    Case('x,y\n"1,234.50",2\n950,3\n"1,500",4\n', [1234.5, 950, 1500], ("commas group", "1 more likewise")),
    Case("x\ty\n1,500\t2\n1,234.50\t3\n", [1500, 1234.5], ("commas group its digits",)),
    Case('x;y\n"12,34,567.50";3\n', [1234567.5], ("commas group its digits",)),
    refused('x,y\n"1,234.50",2\n"1,5",3\n', "line 3, column 'x': '1,5' is not a number"),
    refused('x,y\n"1,500",2\n', "'1,500' is not a number; leave out commas that group digits"),
    refused("x;y\n1,000,000;2\n", "'1,000,000' is not a number; leave out commas"),
    Case("x;y\n1\u00a0234,5;2\n1 234;3\n1\u202f234\u202f567;4\n", [1234.5, 1234, 1234567],
         ("line 2: '1\\xa0234,5' was read as 1234.5, and 2 more likewise: its digits are grouped",)),
    Case("x,y\n1'234.50,2\n1\u2019234,3\n", [1234.5, 1234], ("its digits are grouped",)),
    refused("x,y\n12 34,5\n", "line 2, column 'x': '12 34' is not a number"),
    # Signs.
    Case("x;y\n123-;1\n(5);2\n1,5-;3\n\u22125;4\n", [-123, -5, -1.5, -5],
         ("the minus behind it makes it negative", "its parentheses make it negative", "its dash")),
    Case('x,y\n"(1,234.50)",1\n', [-1234.5], ("parentheses", "commas group")),
    Case("x;y\n1.234,50-;1\n", [-1234.5], ("minus behind", "points group")),
    refused("x,y\n--5,1\n(-5),1\n-5-,1\n", "line 2", "line 3", "line 4"),
    # A sign in another place hides no point that may group digits.
    *(refused(f"x;y\n1,5;2\n{cell};3\n", "'1,5' in line 2 has a decimal comma", f"{cell!r} in line 3 may be")
      for cell in ("1.234-", "\u22121.234", "(1.234)", "\u20131.234", "+1.234", "-1.234")),
    *(refused(f"x;y\n{cell};2\n1,5-;3\n", "'1,5-' in line 3 has a decimal", f"{cell!r} in line 2 may be")
      for cell in ("1.234", "1.234-", "(1.234)")),
    Case("x;y\n5-;2\n1.234-;3\n", [-5, -1.234],
         ("line 3: '1.234-' was read with a decimal point", "the minus behind")),
    Case("x;y\n\u22121.234;2\n(2.50);3\n", [-1.234, -2.5], ("its dash is a minus", "its parentheses")),
    Case("x,y\n1.234-,2\n", [-1.234], ("the minus behind",)),
    # No value, and what is none.
    Case("x,y\n1,1\nNA,2\n,3\n#N/A,4\nnull,5\nNA,6\n", [1],
         ("2 cells with 'NA' left out, the first in line 3", "'#N/A'", "1 cell with 'null'", "1 empty cell")),
    refused("x,y\nNaN,1\nInf,1\n#DIV/0!,2\n-,3\n12%,4\n$5,4\nTRUE,1\n5 kg,2\n=1+1,2\n0x10,2\n1.0D+02,2\n",
            "11 values", "line 2, column 'x': 'NaN'", "line 5, column 'x': '-' is not a number; write 0 or"),
    refused('x,y\n"$1,234.50",1\n', "leave out '$'"),
    refused("x;y\n1,5 \u20ac;2\n", "leave out '\u20ac'"),
    refused("x,y\nNA,1\n", "there are no numbers in column 'x'"),
    Case("x,y\n1\u200b,2\n\ufeff3,4\n\u00a0,5\n", [1, 3], ("1 empty cell left out",)),
    refused("x,y\n1\u200b2,3\n", "line 2, column 'x': '1\\u200b2'", "ZERO WIDTH SPACE"),
    refused("x,y\n1\x00,2\n", "line 2, column 'x': '1\\x00'", "NUL (U+0000)"),
    # Quoting.
    Case('y,x\n"a ""b"" c","2"\n"two\r\nlines, and more",3\n', [2, 3]),
    refused('y,x\n"two\nlines",oops\n', "line 2, column 'x': 'oops'"),
    refused('x,y\n1,"2\n', "line 2: this row is no CSV"),
]  # fmt: skip
