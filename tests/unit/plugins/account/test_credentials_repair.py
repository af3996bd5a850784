"""A garbled file of credentials and what becomes of it."""

import pytest
from ansible.module_utils.account.credentials_repair import is_garbled, is_mended, repaired
from ansible.module_utils.account.lab_block import CredentialsBlock, block_of

KEY, SECRET, TOKEN = (
    "ASIAEXAMPLE123456789",
    "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLE098",
    "IQoJ/b3+" + "aB3" * 60 + "==",
)
LINES = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\naws_session_token = {TOKEN}\n"
BLOCK = f"[default]\n{LINES}"
OLD = BLOCK.replace(KEY, "ASIAOLD1234567890123").replace(SECRET, SECRET[::-1]).replace(TOKEN, TOKEN[::-1])

GARBLED = {
    "byte order mark": BLOCK.encode("utf-8-sig"),
    "UTF-16": BLOCK.encode("utf-16"),
    "UTF-16 without a mark": BLOCK.replace("\n", "\r\n").encode("utf-16-le"),
    "latin-1": f"# é\n{BLOCK}".encode("latin-1"),
    "without a profile": LINES.encode(),
    "pasted twice": (BLOCK * 2).encode(),
    "pasted over the last one's": (OLD + BLOCK).encode(),
    "pasted twice without a profile": (OLD + LINES).encode(),
    "pasted again by half": (BLOCK + OLD.partition("aws_session_token")[0]).encode(),
    "pasted again, cut in a line": (BLOCK + OLD[: OLD.index("aws_secret_access_key") + 12]).encode(),
    "with what stood around it": f"AWS CLI:\nCopy and paste the following\n{BLOCK}".encode(),
    "as a shell has it": "".join(
        f'export {name.upper()}="{value}"\n'
        for name, _, value in (line.split() for line in LINES.splitlines())
    ).encode(),
    "with what nobody sees": BLOCK.replace(SECRET, f"{SECRET}\u200b").replace(KEY, f"\u2060{KEY}").encode(),
    "in quotes of a word processor": BLOCK.replace(TOKEN, f"\u201c{TOKEN}\u201d").encode(),
    "in quotes": BLOCK.replace(TOKEN, f'"{TOKEN}"').encode(),
}


@pytest.mark.parametrize("kind", GARBLED)
def test_a_whole_block_is_kept(kind: str) -> None:
    assert is_garbled(GARBLED[kind])

    text = repaired(GARBLED[kind])

    assert is_mended(text, "default")
    assert block_of(text, "default") == CredentialsBlock(KEY, SECRET, TOKEN)
    assert repaired(text.encode()) == text


def test_other_profiles_and_settings_stay() -> None:
    other = (
        "[work]\naws_access_key_id = AKIAWORK1234567890AB\naws_secret_access_key = w\nregion = eu-west-1\n"
    )
    text = repaired(f"{OLD}region = us-west-2\n# mine\n{other}{BLOCK}s3 =\n  max_queue_size = 9\n".encode())

    assert text == (
        f"[default]\n{LINES}region = us-west-2\n# mine\ns3 =\n  max_queue_size = 9\n\n"
        "[work]\naws_access_key_id = AKIAWORK1234567890AB\naws_secret_access_key = w\nregion = eu-west-1\n"
    )


@pytest.mark.parametrize(
    "text", [BLOCK, BLOCK.replace("\n", "\r\n"), "", "# nothing\n", f"[a]\nregion=x\n\n\n{BLOCK}"]
)
def test_a_file_that_is_whole_stays_as_it_is(text: str) -> None:
    assert repaired(text.encode()) == text


@pytest.mark.parametrize(
    "text", [LINES.replace("aws_session_token", "token"), f"{KEY}\n{SECRET}\n", "\0\1\2"]
)
def test_what_holds_no_block_is_not_called_mended(text: str) -> None:
    assert not is_mended(repaired(text.encode()), "default")
