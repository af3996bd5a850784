"""Operations on images that give an answer, and a file on demand, through the installed entry point."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jobfleet.errors import Exit
from PIL import Image, ImageDraw, ImageFont

from tests.client_run import Run, fails, picture, talk
from tests.models import means


def test_an_answer_is_shown_and_a_file_is_written_where_one_is_wanted(
    run: Run, worker: Any, tmp_path: Path
) -> None:
    image = np.full((20, 30, 3), (10, 20, 250), np.uint8)
    Image.fromarray(image).save(tmp_path / "blue.png")
    ran = run("histogram", str(tmp_path / "blue.png"))
    assert (ran.returncode, talk(ran)) == (0, "")
    assert ran.stdout.splitlines() == [
        "size   30 x 20",
        "red    10 to 10, mean 10.0",
        "green  20 to 20, mean 20.0",
        "blue   250 to 250, mean 250.0",
        "luma   43 to 43, mean 43.0",
    ]
    found = json.loads(run("histogram", str(tmp_path / "blue.png"), "--json").stdout)
    assert found["result"]["channels"]["red"]["counts"][10] == 600
    assert found["output"] is None

    ran = run("histogram", str(tmp_path / "blue.png"), "-o", str(tmp_path / "plot.png"))
    lines = ran.stdout.splitlines()
    assert (ran.returncode, lines[0].split()) == (0, ["file", str(tmp_path / "plot.png")])
    assert lines[1].endswith("/plot.png")
    with Image.open(tmp_path / "plot.png") as plot:
        assert (plot.format, plot.width) == ("PNG", 808)

    ran = run("histogram", str(tmp_path / "blue.png"), "--name", "plots/blue.png")
    assert ran.stdout.splitlines()[0].endswith("/outputs/plots/blue.png")
    ran = run("histogram", str(tmp_path / "blue.png"), "-o", str(tmp_path / "plot.jpg"))
    fails(ran, Exit.BAD_INPUT, "plot.jpg", ".png")


def test_a_pipeline_is_typed_step_by_step_or_in_one(run: Run, worker: Any, tmp_path: Path) -> None:
    photo = picture(tmp_path / "photo.png", 1)
    ran = run("pipeline", str(photo), "-o", str(tmp_path / "a.png"), "--step", "resize width=30",
              "--step", "greyscale")  # fmt: skip
    assert (ran.returncode, ran.stdout.splitlines()[3:]) == (0, ["size    30 x 20", "mode    L"])
    ran = run("pipeline", str(photo), "-o", f"{tmp_path}/b/", "--step", "resize width=30|convert format=gif")
    assert ran.stdout.splitlines()[0].split() == ["file", str(tmp_path / "b/photo.gif")]
    ran = run("submit", "pipeline", str(photo), "--step", "greyscale", "--step", "strip")
    assert ran.returncode == 0
    assert run("wait", ran.stdout.strip(), "--timeout", "60").returncode == 0
    for words, said in ((("--step", "resize width=0"), "step 1 (resize): parameter width=0"), ((), "--step")):
        ran = run("pipeline", str(photo), *words)
        assert (ran.returncode, said in ran.stderr) == (Exit.USAGE, True)


def test_many_images_have_a_line_each_and_their_files_in_a_folder(
    run: Run, worker: Any, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    picture(photos / "a.jpg", 1)
    picture(photos / "deep/b.png", 2)
    ran = run("histogram", str(photos))
    assert ran.returncode == 0
    shown = sorted(ran.stdout.splitlines())
    assert [line.partition("  luma ")[0] for line in shown] == [
        str(photos / "a.jpg"),
        str(photos / "deep/b.png"),
    ]
    assert all(", mean " in line for line in shown)
    found = [json.loads(line) for line in run("histogram", str(photos), "--json").stdout.splitlines()]
    assert {each["input"] for each in found} == {str(photos / "a.jpg"), str(photos / "deep/b.png")}
    assert all(each["result"]["pixels"] == 2400 for each in found)

    ran = run("histogram", str(photos), "-o", str(tmp_path / "plots"))
    assert ran.returncode == 0
    made = {path.relative_to(tmp_path / "plots").as_posix() for path in (tmp_path / "plots").rglob("*.*")}
    assert made == {"a.png", "deep/b.png"}


def test_text_goes_to_standard_output_and_files_have_the_ending_that_is_wanted(
    run: Run, stack: Any, tmp_path: Path
) -> None:
    stack.worker("--config", str(stack.settings_file(text=True)))
    scans = tmp_path / "scans"
    scans.mkdir()
    image = Image.new("L", (600, 120), 255)
    ImageDraw.Draw(image).text((40, 30), "Hello world", fill=0, font=ImageFont.load_default(44))
    image.save(scans / "scan.png")
    ran = run("text", str(scans / "scan.png"), "--timeout", "60")
    assert (ran.returncode, ran.stdout) == (0, "Hello world\n")
    assert "2 words, confidence 9" in ran.stderr
    ran = run("text", str(scans / "scan.png"), "-o", "-", "--ending", ".hocr")
    assert (ran.returncode, ran.stdout.count("class='ocrx_word'")) == (0, 2)
    image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(scans / "mirror.png")
    ran = run("text", str(scans), "-o", str(tmp_path / "out"), "--ending", ".pdf")
    assert ran.returncode == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["mirror.pdf", "scan.pdf"]
    assert (tmp_path / "out/scan.pdf").read_bytes().startswith(b"%PDF")
    ran = run("text", str(scans))
    assert f"{scans / 'scan.png'}  2 words, confidence 9" in ran.stdout
    assert ran.stdout.count(": Hello world\n") == 1


def test_what_an_image_shows_is_told_with_scores(run: Run, stack: Any, tmp_path: Path) -> None:
    model = means(tmp_path, metadata={"jobfleet.mean": "0", "jobfleet.std": "1", "jobfleet.softmax": "false"})
    named = {"classify_model": model.path, "classify_sha256": model.sha256, "classify_labels": model.labels}
    stack.worker("--config", str(stack.settings_file(**named)))
    photos = tmp_path / "photos"
    photos.mkdir()
    Image.new("RGB", (40, 30), (51, 204, 102)).save(photos / "a.png")
    Image.new("RGB", (40, 30), (204, 51, 102)).save(photos / "b.png")
    ran = run("classify", str(photos / "a.png"), "--timeout", "60")
    assert (ran.returncode, ran.stdout) == (0, "green  0.8000\nblue   0.4000\nred    0.2000\n")
    ran = run("classify", str(photos), "--top", "1")
    assert set(ran.stdout.splitlines()) == {
        f"{photos / 'a.png'}  green 0.8000",
        f"{photos / 'b.png'}  red 0.8000",
    }
    ran = run("classify", str(photos / "a.png"), "-o", "x.txt")
    assert (ran.returncode, "No such option" in ran.stderr) == (Exit.USAGE, True)
