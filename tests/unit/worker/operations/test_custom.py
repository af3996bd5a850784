"""Operations of packages: what their functions get, and that only plain values come of them."""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.careful_json import NESTED_MAX, parse
from jobfleet_jobs.errors import BadJob
from jobfleet_jobs.protocol.message import Result
from jobfleet_worker.errors import BrokenAttempt
from jobfleet_worker.operations.custom import OwnOperation
from jobfleet_worker.operations.imaging import encode
from jobfleet_worker.operations.limits import Limits
from jobfleet_worker.operations.run import run
from PIL import Image

LIMITS = Limits(1_000_000, 1_000)
HEAD = "from jobfleet_jobs import *\n"


def png(mode: str = "RGB", colour: Any = (200, 100, 50)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, (4, 3), colour).save(out, "PNG")
    return out.getvalue()


Make = Callable[..., OwnOperation]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Make:
    """Make an operation of a function's code; each test has a module of its own."""
    monkeypatch.syspath_prepend(str(tmp_path))
    module = f"own_{abs(hash(request.node.name))}"

    def made(
        code: str, *, before: str = "", takes: str = "file", gives: str = "answer", **more: Any
    ) -> OwnOperation:
        declared = f"@operation('it', takes={takes!r}, gives={gives!r}, summary='It.', **{more!r})\n"
        (tmp_path / f"{module}.py").write_text(HEAD + before + declared + code)
        return OwnOperation(
            "it", takes, "It.", gives=gives, package="p 1", entry=f"{module}:it",  # type: ignore[arg-type]
            **more,
        )  # fmt: skip

    return made


def test_a_file_comes_as_bytes(make: Make) -> None:
    operation = make("def it(data): return {'size': len(data)}")
    assert run(operation, {}, b"\xff\x00", None, LIMITS).result == {"size": 2}


def test_numbers_come_as_a_list_and_what_is_worth_knowing_of_them_stays_told(make: Make) -> None:
    operation = make("def it(numbers): return {'got': numbers}", takes="numbers")
    outcome = run(operation, {}, b"1,5 2,7", None, LIMITS)
    assert outcome.result["got"] == [1, 5, 2, 7]
    assert "comma" in outcome.result["notes"][0]
    with pytest.raises(BadJob, match="not a number"):
        run(operation, {}, b"1 x", None, LIMITS)
    with pytest.raises(BadJob, match="1,001 numbers"):
        run(operation, {}, b"1 " * 1_001, None, LIMITS)


@pytest.mark.parametrize(("mode", "colour", "got"), [("1", 1, "L"), ("P", 3, "RGB"), ("RGBA", 9, "RGBA")])
def test_an_image_comes_in_a_plain_mode(make: Make, mode: str, colour: Any, got: str) -> None:
    operation = make("def it(image): return {'mode': image.mode, 'size': image.size}", takes="image")
    assert run(operation, {}, png(mode, colour), None, LIMITS).result == {"mode": got, "size": [4, 3]}


def test_an_image_goes_out_in_the_format_of_its_name(make: Make) -> None:
    operation = make("def it(image): return image.transpose(0).resize((8, 6))", takes="image", gives="image")
    outcome = run(operation, {}, png(), "x.webp", LIMITS)
    assert (outcome.result["format"], outcome.result["width"], outcome.content_type) == (
        "WEBP", 8, "image/webp",
    )  # fmt: skip
    assert Image.open(io.BytesIO(outcome.data or b"")).size == (8, 6)


def test_a_file_goes_out_if_one_is_wanted(make: Make) -> None:
    code = "def it(data): return File(data * 2, {'times': 2}, 'text/plain')"
    operation = make(code, gives="file", endings=(".txt",))
    outcome = run(operation, {}, b"ab", "x.txt", LIMITS)
    assert (outcome.result, outcome.data, outcome.content_type) == ({"times": 2}, b"abab", "text/plain")
    assert run(operation, {}, b"ab", None, LIMITS).data is None


def test_a_bad_job_keeps_its_code_and_words(make: Make) -> None:
    operation = make("def it(data): raise BadJob('no-luck', 'the file has no luck')")
    with pytest.raises(BadJob, match="the file has no luck") as caught:
        run(operation, {}, b"", None, LIMITS)
    assert caught.value.code == "no-luck"


def test_a_secret_in_the_words_of_a_package_is_hidden_before_they_are_cut(make: Make) -> None:
    secret = "FwoGZXIvYXdzE" + "Ab1" * 60
    for raised in (f"BadJob('no-luck', 'x' * 470 + ' {secret}')", f"ValueError('x' * 450 + ' {secret}')"):
        operation = make(f"def it(data): raise {raised}")
        with pytest.raises((BadJob, BrokenAttempt)) as caught:
            run(operation, {}, b"", None, LIMITS)
        assert "xxx " in str(caught.value)
        assert secret[:13] not in str(caught.value)


def _modules_of(pickled: bytes) -> set[str]:
    """Return the modules that are imported where it is read."""
    found: set[str] = set()

    class Reader(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            found.add(module)
            return super().find_class(module, name)

    Reader(io.BytesIO(pickled)).load()
    return found


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def it(data): return 1 / 0", "it (p 1) raised ZeroDivisionError: division by zero"),
        ("def it(data): return {'x': {1, 2}}", "not JSON serializable"),
        ("def it(data): return {'x': float('nan')}", "not JSON compliant"),
        ("def it(data): return [1]", "must return a dict, not list"),
        ("def it(data): raise SystemExit(3)", "raised SystemExit: 3"),
        ("def it(data): raise Odd('odd')", "raised Odd: odd"),
    ],
)
def test_what_goes_wrong_is_a_broken_attempt_in_plain_words(make: Make, code: str, words: str) -> None:
    operation = make(code, before="class Odd(BaseException): pass\n")
    with pytest.raises(BrokenAttempt) as caught:
        run(operation, {}, b"", None, LIMITS)
    assert words in str(caught.value)
    assert type(caught.value) is BrokenAttempt
    # It goes to a process that has not imported the operation's module.
    assert not any(name.startswith("own_") for name in _modules_of(pickle.dumps(caught.value)))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("def it(image): return image.resize((1, 1)).crop((0, 0, 0, 1))", "with pixels, not one of 0 x 1"),
        (
            "def it(image): return b'x'",
            "return an image in mode 1, I;16, L, LA, P, RGB, RGBA, not bytes",
        ),
        ("def it(image): return image.convert('HSV')", "not one of mode HSV"),
    ],
)
def test_what_is_no_image_is_a_broken_attempt(make: Make, code: str, words: str) -> None:
    with pytest.raises(BrokenAttempt) as caught:
        run(make(code, takes="image", gives="image"), {}, png(), "x.png", LIMITS)
    assert words in str(caught.value)


def test_an_image_that_cannot_be_written_is_laid_to_the_package_that_made_it(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The encoder is replaced: no image of a known mode is known that breaks it."""

    def breaking(*_: object, **__: object) -> None:
        raise ValueError("no such bands")

    monkeypatch.setattr(encode, "_save", breaking)
    operation = make("def it(image): return image.rotate(90)", takes="image", gives="image")
    with pytest.raises(BadJob, match=r"writing the output of it \(p 1\) breaks.*report this to those") as bad:
        run(operation, {}, png(), "x.png", LIMITS)
    assert bad.value.code == "breaks-the-code"
    assert "Save the image anew" not in bad.value.message


def test_only_plain_values_leave_the_process(make: Make) -> None:
    code = "def it(data): return type('Mine', (dict,), {'__module__': 'own'})(a=type('S', (str,), {})('x'))"
    result = run(make(code), {}, b"", None, LIMITS).result
    assert type(result) is dict
    assert type(result["a"]) is str


def test_what_may_be_found_can_be_read_as_a_result_and_what_is_deeper_breaks_the_attempt(make: Make) -> None:
    code = """
def it(data):
    found = {}
    for _ in range(int(data) - 1):
        found = {"a": found}
    return found
"""
    operation = make(code)
    deepest = NESTED_MAX - 10
    outcome = run(operation, {}, str(deepest).encode(), None, LIMITS)
    result = Result("1", "it", "succeeded", "w", 1, result=outcome.result)
    # Wherever JSON of others is read, not in results alone.
    assert parse(result.to_json())["result"] == outcome.result
    assert Result.from_json(result.to_json()).result == outcome.result
    with pytest.raises(BrokenAttempt, match=f"nested more than {deepest} deep"):
        run(operation, {}, str(deepest + 1).encode(), None, LIMITS)


def test_parameters_are_checked_and_have_their_defaults(make: Make) -> None:
    from jobfleet_jobs.operations.parameters import Whole

    operation = make("def it(data, *, top=1): return {'top': top}")
    declared = OwnOperation(
        "it", "file", "It.", (Whole("top", "So many.", 5, minimum=0, maximum=9),), "answer",
        package="p 1", entry=operation.entry,
    )  # fmt: skip
    assert run(declared, {}, b"", None, LIMITS).result == {"top": 5}
    with pytest.raises(BadJob, match="top=10: give a whole number from 0 to 9"):
        run(declared, {"top": 10}, b"", None, LIMITS)


def test_what_it_prints_stays_out_of_the_workers_log(make: Make, capsys: pytest.CaptureFixture[str]) -> None:
    run(make("def it(data): print('hello'); return {}"), {}, b"", None, LIMITS)
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "hello\n")
