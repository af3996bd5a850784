"""What a run refuses before anything is sent."""

import subprocess
from pathlib import Path

import pytest
from jobfleet.batch.plan import make_plan
from jobfleet.errors import BadInput, BadOutput
from jobfleet.sending.output_paths import WantedOutput
from jobfleet_jobs.operations.catalogue import OPERATIONS

from tests.abilities import need_mounts

WANTED = OPERATIONS["greyscale"]


def images(folder: Path, *names: str) -> list[str]:
    folder.mkdir()
    for name in names:
        (folder / name).write_bytes(b"x")
    return [str(folder / name) for name in names]


@pytest.mark.parametrize("name", ["a\0b", "\ud800"])
def test_names_that_no_file_can_have_are_told(tmp_path: Path, name: str) -> None:
    there = images(tmp_path / "in", "a.png", "b.png")
    with pytest.raises(BadOutput, match="is no name that a folder can have"):
        make_plan(WantedOutput(WANTED, {}, str(tmp_path / name)), there)
    with pytest.raises(BadInput, match="is no name that a file can have"):
        make_plan(WantedOutput(WANTED, {}, str(tmp_path / "out")), [*there, name])


@pytest.mark.parametrize(("link", "target"), [("a.png", "b.png"), ("b.png", "a.png")])
def test_two_outputs_that_a_link_makes_one_are_refused(tmp_path: Path, link: str, target: str) -> None:
    images(tmp_path / "in", "a.png", "b.png")
    out = tmp_path / "out"
    out.mkdir()
    (out / link).symlink_to(target)
    with pytest.raises(BadOutput, match=rf"a\.png and .*b\.png would both be {out / target}; send them"):
        make_plan(WantedOutput(WANTED, {}, str(out)), [str(tmp_path / "in")])


def test_so_are_two_through_a_folder_that_is_a_link(tmp_path: Path) -> None:
    images(tmp_path / "one", "a.png")
    images(tmp_path / "two", "a.png")
    out = tmp_path / "out"
    (out / "one").mkdir(parents=True)
    (out / "two").symlink_to("one")
    with pytest.raises(BadOutput, match=rf"would both be {out / 'one' / 'a.png'}; send them"):
        make_plan(WantedOutput(WANTED, {}, str(out)), [str(tmp_path / "one"), str(tmp_path / "two")])


def test_outputs_that_links_lead_to_places_of_their_own_are_planned(tmp_path: Path) -> None:
    images(tmp_path / "in", "a.png", "b.png")
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.png").symlink_to("elsewhere.png")
    plan = make_plan(WantedOutput(WANTED, {}, str(out)), [str(tmp_path / "in")])
    assert [item.out for item in plan.items] == [out / "a.png", out / "b.png"]


@pytest.fixture
def folding(tmp_path: Path) -> Path:
    """A folder that is there under its name in other capitals, too, as where capitals do not count."""
    made = tmp_path / "disk/Out"
    made.mkdir(parents=True)
    (tmp_path / "disk/oUT").symlink_to("Out")
    return made


@pytest.mark.parametrize(
    "names", [("a.png", "A.png"), ("caf\u00e9.png", "cafe\u0301.png")], ids=["capitals", "accents"]
)
def test_outputs_that_are_one_file_where_capitals_do_not_count_are_refused(
    folding: Path, tmp_path: Path, names: tuple[str, str]
) -> None:
    images(tmp_path / "in", *names)

    with pytest.raises(BadOutput, match="would both be"):
        make_plan(WantedOutput(WANTED, {}, str(folding)), [str(tmp_path / "in")])
    with pytest.raises(BadOutput, match="would both be"):
        make_plan(WantedOutput(WANTED, {}, str(folding / "new/folder")), [str(tmp_path / "in")])
    assert len(make_plan(WantedOutput(WANTED, {}, str(tmp_path / "new")), [str(tmp_path / "in")]).items) == 2


def test_an_output_that_is_an_input_where_capitals_do_not_count_is_refused(tmp_path: Path) -> None:
    """A hard link stands for the file under its name in other capitals."""
    [source] = images(tmp_path / "in", "a.png")
    images(tmp_path / "IN", "a.png")
    wanted = WantedOutput(WANTED, {}, str(tmp_path / "IN"))
    assert len(make_plan(wanted, [source]).items) == 1

    (tmp_path / "IN/a.png").unlink()
    (tmp_path / "IN/a.png").hardlink_to(source)

    with pytest.raises(BadOutput, match="is one of the inputs"):
        make_plan(wanted, [source])


def test_the_folder_of_the_outputs_is_no_input_under_another_name_either(tmp_path: Path) -> None:
    """A mount stands for a folder under its name in other capitals."""
    images(tmp_path / "in", "a.png")
    images(tmp_path / "in/out", "b.png")
    other = tmp_path / "other"
    other.mkdir()
    need_mounts(other)
    subprocess.run(["mount", "--bind", tmp_path / "in/out", other], check=True)
    try:
        plan = make_plan(WantedOutput(WANTED, {}, str(other)), [str(tmp_path / "in")])
    finally:
        subprocess.run(["umount", other], check=True)

    assert [item.source for item in plan.items] == [tmp_path / "in/a.png"]
