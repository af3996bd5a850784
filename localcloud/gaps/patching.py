"""The replacement of moto's code by ours."""

from typing import Any


def put_over(owner: Any, name: str, replacement: object) -> Any:
    """Put `replacement` in the place of `owner`'s `name` and return what was there.

    Raises `AttributeError` if there was nothing: then moto has changed, and a mend that no longer
    mends must not go unnoticed.
    """
    original = getattr(owner, name)
    setattr(owner, name, replacement)
    return original
