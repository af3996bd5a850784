"""A garbled file of credentials made whole: pasted twice, cut off, in quotes, without a profile's name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from ansible.module_utils.account.lab_block import LINE, NAMES, SECTION, without_unseen
from jobfleet_jobs.credentials.file_text import decode, profiles_of
from jobfleet_jobs.credentials.fitness import why_unfit

_OPTION = re.compile(r"^\s*([\w.-]+)\s*[=:]\s*(.*?)\s*$")


@dataclass
class _Profile:
    """What one profile holds: its keys as they were pasted, each block for itself, and all other lines."""

    blocks: list[dict[str, str]] = field(default_factory=lambda: [{}])
    others: dict[str, list[str]] = field(default_factory=dict)

    def take(self, line: str) -> None:
        """Put a line where it belongs; one that is neither a name with a value nor a comment goes."""
        key = LINE.match(line)
        if key and key[1].lower() in NAMES:
            self._take_key(key[1].lower(), key[3])
            return
        indented = (
            line[:1].isspace() and self.others and list(self.others.values())[-1][0].rstrip()[-1:] == "="
        )
        if indented:  # settings below a setting
            list(self.others.values())[-1].append(line)
        elif line.strip().startswith(("#", ";")):
            self.others[line] = [line]
        elif (option := _OPTION.match(line)) and option[1].lower() not in NAMES:
            self.others[option[1].lower()] = [line.strip()]

    def _take_key(self, name: str, value: str) -> None:
        if self.blocks[-1].get(name, value) != value:
            self.blocks.append({})
        self.blocks[-1][name] = value

    def lines(self) -> list[str]:
        """Return the profile's lines: the last whole block, as it was pasted last, and the others."""
        whole = [block for block in self.blocks if _is_whole(block)]
        chosen = whole[-1] if whole else self.blocks[-1]
        keys = [f"{name} = {chosen[name]}" for name in NAMES if name in chosen]
        return keys + [line for lines in self.others.values() for line in lines]


def is_garbled(data: bytes) -> bool:
    """Tell whether AWS's tools cannot read a file, or would send what cannot be credentials."""
    profiles = profiles_of(data)
    return profiles is None or any(_is_unfit(lines) for lines in profiles.values())


def is_in_the_way(data: bytes, profile: str) -> bool:
    """Tell whether a file is garbled so that `profile` cannot be used; with "", what comes from elsewhere."""
    profiles = profiles_of(data)
    return profiles is None or _is_unfit(profiles.get(profile, {}))


def repaired(data: bytes) -> str:
    """Return the text of a file as it was meant; of one that is not garbled, its text."""
    text = decode(data)
    if not is_garbled(data):
        return text
    profiles: dict[str, _Profile] = {}
    profile = "default"
    for line in without_unseen(text).splitlines():
        if section := SECTION.match(line):
            profile = section[1]
            profiles.setdefault(profile, _Profile()).blocks.append({})
        elif line.strip():
            profiles.setdefault(profile, _Profile()).take(line)
    parts = ["\n".join([f"[{name}]", *one.lines()]) for name, one in profiles.items()]
    return "\n\n".join(parts) + "\n"


def is_mended(text: str, profile: str) -> bool:
    """Tell whether a file's text has whole keys for `profile`, and nothing garbled any more."""
    data = text.encode()
    return not is_garbled(data) and _is_whole((profiles_of(data) or {}).get(profile, {}))


def keep_beside(path: Path) -> Path:
    """Return where a garbled file is kept, as what is in it may be somebody's only copy."""
    return path.with_name(f"{path.name}.garbled")


def _is_unfit(lines: dict[str, str]) -> bool:
    return any(why_unfit(value) for name, value in lines.items() if name in NAMES)


def _is_whole(keys: dict[str, str]) -> bool:
    return all(keys.get(name) for name in NAMES[:2]) and (
        bool(keys.get(NAMES[2])) or not keys[NAMES[0]].startswith("ASIA")
    )
