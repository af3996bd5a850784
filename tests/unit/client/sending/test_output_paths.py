import pytest
from jobfleet.errors import BadInput
from jobfleet.sending.prepare import Prepared, prepare


def named(name: str | None, source: str = "/dev/null", **more: object) -> Prepared:
    return prepare("convert", source, file_name=name, parameters={"format": "png"} if more else None)


@pytest.mark.parametrize("name", ["y.jxl", "y.psd", "y.dib", "y.txt"])
def test_an_ending_that_names_no_format_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=rf"{name}: no format that is written ends in '.*'; give one of \.jpg"):
        named(name)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (".jpge", ".jpeg"),
        (".jpgg", ".jpg"),
        (".pgn", ".png"),
        (".wepb", ".webp"),
        (".tfif", ".tiff"),
        (".hiec", ".heic"),
        (".aivf", ".avif"),
    ],
)
def test_what_was_meant_is_said(typed: str, meant: str) -> None:
    with pytest.raises(BadInput, match=rf"\(did you mean {meant}\?\)"):
        named(f"y{typed}")
    with pytest.raises(BadInput, match=rf"\(did you mean {meant}\?\)"):
        prepare("greyscale", "/dev/null", name=f"folder/y{typed}")


def test_names_that_ask_for_no_other_format_are_taken(tmp_path: object) -> None:
    for name in ("y", "y.JPEG", ".jxl", "y.png", "IMG_1.HEIC", "y.heif", "y.avif"):
        assert named(name).output
    assert named("y.jxl", format="png").output
    source = f"{tmp_path}/photo.mpo"
    open(source, "wb").close()  # noqa: PTH123
    assert named("photo-grey.mpo", source).output
