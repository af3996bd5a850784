"""AWS's files as they are found on people's machines: read, or named with the line that is wrong."""

from pathlib import Path

import pytest
from jobfleet_jobs.credentials.file_text import decode, profiles_of, what_is_wrong

KEY_ID, SECRET = "ASIACANARYCANARY4321", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYCANARY0987"
BLOCK = f"[default]\naws_access_key_id = {KEY_ID}\naws_secret_access_key = {SECRET}\n"

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_text_is_read_in_whatever_encoding(encoding: str) -> None:
    assert decode(f"# é\n{BLOCK}".encode(encoding)) == f"# é\n{BLOCK}"
    assert decode(b"") == ""


WRONG = [
    (BLOCK.encode("utf-8-sig"), "line 1 begins with a byte order mark"),
    (BLOCK.encode("utf-16"), "it is UTF-16, as `>` of Windows' PowerShell writes it"),
    (BLOCK.encode("utf-16-le"), "it is UTF-16 without a byte order mark"),
    (f"{BLOCK}# é\n".encode("latin-1"), "line 4 has a character that is not in UTF-8"),
    (BLOCK.partition("\n")[2].encode(), "line 1 stands before the first line with a profile's name"),
    ((BLOCK * 2).encode(), "line 4 begins [default] a second time"),
    (
        f"{BLOCK}aws_secret_access_key = x\n".encode(),
        "line 4 gives aws_secret_access_key of [default] a second",
    ),
    (f"{BLOCK}{SECRET}\n".encode(), "line 4 is no name with a value"),
    (f"{BLOCK}{SECRET} = 1\n{SECRET} = 2\n".encode(), "line 5 gives wjal… of [default] a second time"),
]


@pytest.mark.parametrize(("data", "said"), WRONG, ids=[said[:30] for _, said in WRONG])
def test_the_first_thing_that_is_wrong_is_named_with_its_line(tmp_path: Path, data: bytes, said: str) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(data)

    wrong = what_is_wrong(path)

    assert said in wrong
    assert SECRET.lower() not in wrong.lower()
    assert profiles_of(data) is None


@pytest.mark.parametrize("text", [BLOCK, BLOCK.replace("\n", "\r\n"), BLOCK.replace("aws", "  aws"), ""])
def test_nothing_is_wrong_with_what_aws_s_tools_read(tmp_path: Path, text: str) -> None:
    path = tmp_path / "credentials"
    path.write_bytes(text.encode())

    assert what_is_wrong(path) == ""
    assert profiles_of(text.encode()) == (
        {"default": {"aws_access_key_id": KEY_ID, "aws_secret_access_key": SECRET}} if text else {}
    )


def test_a_file_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    assert what_is_wrong(tmp_path / "none") == "No such file or directory"
