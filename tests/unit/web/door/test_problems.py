"""Each problem of the web tier has a way out."""

import ast
from pathlib import Path

import jobfleet_web


def test_none_is_told_without_what_to_do() -> None:
    package = Path(jobfleet_web.__file__).parent
    calls = [
        (path.name, node)
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Problem"
    ]

    assert len(calls) > 40
    assert [
        (name, ast.unparse(call)) for name, call in calls if "mend" not in {one.arg for one in call.keywords}
    ] == []
