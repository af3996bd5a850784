"""The block that a lab shows: what is read from it, and what becomes of the file it goes into."""

import pytest
from ansible.module_utils.account.lab_block import (
    NAMES,
    BadBlock,
    CredentialsBlock,
    block_of,
    parse,
    put_into,
)

KEY, SECRET, TOKEN = "ASIAEXAMPLE123456789", "abc/+def==", "IQoJ/b3+JpZ2==="
BLOCK = f"[default]\naws_access_key_id={KEY}\naws_secret_access_key={SECRET}\naws_session_token={TOKEN}\n"
VARIABLES = dict(zip(map(str.upper, NAMES), (KEY, SECRET, TOKEN), strict=True))
OTHER = CredentialsBlock("ASIAOTHER12345678901", "other", "othertoken")


@pytest.mark.parametrize(
    "text",
    [
        BLOCK,
        BLOCK.replace("=", " = ", 1).replace("\n", "\r\n"),
        "\ufeff\n\n  " + BLOCK.replace("\n", "  \n"),
        "Cloud Access\nAWS CLI:\nCopy and paste the following\n" + BLOCK,
        f'export AWS_ACCESS_KEY_ID="{KEY}"\nexport AWS_SECRET_ACCESS_KEY={SECRET}\nAWS_SESSION_TOKEN={TOKEN}',
        BLOCK + BLOCK,
        f"; aws_access_key_id = ASIAOLD9876543210\n{BLOCK}",
        "\r\n".join(f'$Env:{name}="{value}"' for name, value in VARIABLES.items()),
        " ".join(f"$env:{name} = '{value}';" for name, value in VARIABLES.items()),
        "".join(f'set "{name}={value}"\r\n' for name, value in VARIABLES.items()),
        "".join(f"SET {name}={value}\r\n" for name, value in VARIABLES.items()),
        BLOCK.replace(TOKEN, f"{TOKEN}\u200b")
        .replace(SECRET, f"\u00a0{SECRET}")
        .replace(KEY, f"\u201c{KEY}\u201d"),
    ],
)
def test_the_block_is_read_however_it_was_copied(text: str) -> None:
    assert parse(text) == CredentialsBlock(KEY, SECRET, TOKEN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no aws_access_key_id and no aws_secret_access_key and no aws_session_token"),
        (BLOCK.replace("aws_session_token", "aws_token"), "no aws_session_token"),
        (BLOCK.replace(KEY, "…"), "aws_access_key_id is none"),
        (BLOCK + BLOCK.replace(TOKEN, "another"), "twice with two values"),
    ],
)
def test_what_is_no_block_is_said_without_a_value(text: str, said: str) -> None:
    with pytest.raises(BadBlock, match=said) as told:
        parse(text)

    assert SECRET not in str(told.value)
    assert TOKEN not in str(told.value)


def test_all_else_in_the_credentials_file_stays() -> None:
    before = (
        "# mine\n[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = w\n\n"
        "[default]\nregion = us-west-2\naws_access_key_id = ASIAOLD\naws_secret_access_key = old\n"
        "aws_session_token = old\nexpiration = 2026-01-01T00:00:00Z\n\n[last]\nregion = us-east-1\n"
    )

    after = put_into(before, "default", parse(BLOCK))

    assert after == (
        "# mine\n[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = w\n\n"
        f"[default]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n"
        f"aws_session_token = {TOKEN}\nregion = us-west-2\n\n[last]\nregion = us-east-1\n"
    )
    assert put_into(after, "default", parse(BLOCK)) == after
    assert parse(put_into("", "default", OTHER)) == OTHER


def test_a_profile_that_is_not_there_is_added() -> None:
    after = put_into("[work]\nregion = us-east-1\n", "lab", OTHER)

    assert after.startswith("[work]\nregion = us-east-1\n\n[lab]\naws_access_key_id = ")


@pytest.mark.parametrize(
    "lines", [f"aws_access_key_id = {KEY}\naws_secret_access_key = x\n", f"{NAMES[0]} = A\n"]
)
def test_half_a_block_is_overwritten(lines: str) -> None:
    assert block_of(put_into(f"[default]\n{lines}", "default", OTHER), "default") == OTHER


def test_keys_that_do_not_expire_are_not_overwritten() -> None:
    own = "[default]\naws_access_key_id = AKIAOWN\naws_secret_access_key = own\n"

    with pytest.raises(BadBlock, match=r"profile \[default\] holds keys that do not expire"):
        put_into(own, "default", OTHER)
