"""Bytes that are no text of numbers are refused by name, at the same place on every path."""

import io
import zipfile

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.numbers.encoding import encoding_of, text_of, text_pieces


def zipped(*names: str, first: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, first or b"<xml/>")
    return file.getvalue()


BINARY = b"\0\x01\x02\xff" * 40
ODS = zipped("mimetype", first=b"application/vnd.oasis.opendocument.spreadsheet")
KINDS = [
    (zipped("[Content_Types].xml", "xl/workbook.xml"), "an Excel workbook (.xlsx); save its table as CSV"),
    (ODS, "an OpenDocument spreadsheet (.ods); save its table as CSV"),
    (zipped("Index/Document.iwa"), "a document of Apple's Numbers (.numbers); save its table as CSV"),
    (zipped("numbers.txt"), "a ZIP archive; unpack it"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + BINARY, "an Excel workbook (.xls); save its table as CSV"),
    (b"\x1f\x8b\x08" + BINARY, "compressed (gzip)"),
    (b"$FL2@(#) SPSS DATA FILE" + BINARY, "SPSS data (.sav); save it as CSV there"),
    (b"MATLAB 5.0 MAT-file" + BINARY, "MATLAB data (.mat)"),
    (b"\x93NUMPY\x01\0" + BINARY, "a NumPy array (.npy); write it with `numpy.savetxt`"),
    (b"PAR1\x15\x04" + BINARY, "a Parquet file; write it as CSV"),
    (b"\x89PNG\r\n\x1a\n" + BINARY, "a PNG image; give a text of numbers"),
    (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF; copy its numbers"),
    (b"{\\rtf1\\ansi 1 2 3}", "a word processor (RTF); save it as plain text"),
]  # fmt: skip


def refusal(data: bytes) -> str:
    """The same words in memory and from a file, wherever that is cut."""
    with pytest.raises(BadJob) as caught:
        text_of(data)
    assert caught.value.code == "not-text"
    for size in (1, 2, 3, 7, 100_000):
        with pytest.raises(BadJob) as other:
            list(text_pieces(io.BytesIO(data), size))
        assert (other.value.code, other.value.message) == ("not-text", caught.value.message), size
    return caught.value.message


@pytest.mark.parametrize(("data", "words"), KINDS, ids=[words[:20] for _, words in KINDS])
def test_a_file_of_another_kind_is_named_with_the_way_out(data: bytes, words: str) -> None:
    assert words in refusal(data)


@pytest.mark.parametrize(
    "text", ["PAR1,x\n1,2\n", "BZh x\n", "GIF8;x\n1;2\n", "$FL2\n", "MATLAB 5\n", "PK\n1\n"]
)
def test_a_text_that_begins_like_such_a_file_is_a_text(text: str) -> None:
    assert text_of(text.encode()) == text


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_an_older_encoding_is_told_with_byte_and_line_and_the_way_out(end: str) -> None:
    said = refusal(f"name,x{end}é,1{end}Müller,2{end}".encode("cp1252").replace(b"\xe9", "é".encode()))
    byte = len(f"name,x{end}é,1{end}M".encode())
    assert f"at byte {byte}, in line 3" in said
    assert "Windows-1252" in said
    assert "save it as UTF-8 (in Excel as `CSV UTF-8`)" in said


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            "1 2\n3".encode("utf-16") + b"\0",
            "no UTF-16 text: truncated data at byte 12; save the file as UTF-8",
        ),
        ("1 2\n3".encode("utf-32") + b"\0\0", "no UTF-32 text: truncated data at byte 24"),
        ("\ufeff1 \u20ac".encode()[:-1], "no UTF-8 text: unexpected end of data at byte 5, in line 1"),
        ("\ufeff1\n2 ".encode() + b"\xff", "no UTF-8 text: invalid start byte at byte 7, in line 2"),
    ],
)
def test_a_text_that_is_cut_or_broken_is_told_with_its_place(data: bytes, words: str) -> None:
    assert words in refusal(data)


def test_nul_bytes_alone_make_no_other_encoding() -> None:
    assert encoding_of(b"1\x002") == encoding_of(b"1 2 3\x00 4 5 6 ") == encoding_of(b"") == "utf-8"
    assert encoding_of("1".encode("utf-16-le")) == "utf-16-le"
