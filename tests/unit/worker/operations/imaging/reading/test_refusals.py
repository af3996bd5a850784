"""What is no image this worker reads is refused by what it is, and the way out is said."""

import io
import zipfile

import pytest
from jobfleet_jobs.errors import BadJob
from jobfleet_worker.operations.imaging.decode import decode
from PIL import Image

from tests.heif_files import box
from tests.pictures import noise, saved

PICTURE = Image.fromarray(noise(8, 8, 3))


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return out.getvalue()


def dicom() -> bytes:
    return bytes(128) + b"DICM\2\0\0\0UL\4\0"


REFUSED = {
    "jpeg-xl": (b"\xff\x0a\x3a\x1f\x00", "a JPEG XL image", "save it as JPEG or PNG"),
    "jpeg-xl-container": (b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl ", "a JPEG XL image", "save it as"),
    "jpeg-2000": (saved(PICTURE, "JPEG2000"), "a JPEG 2000 image", "save it as"),
    "jpeg-2000-codestream": (b"\xff\x4f\xff\x51\0\x2f", "a JPEG 2000 image", "save it as"),
    "jpeg-xr": (b"II\xbc\1\x20\0\0\0", "a JPEG XR image", "save it as"),
    "cr3": (box(b"ftyp", b"crx \0\0\0\1crx isom"), r"Canon CR3", "develop it with the camera's program"),
    "crw": (b"II\x1a\0\0\0HEAPCCDR\2\0", "Canon CRW", "develop it"),
    "raf": (b"FUJIFILMCCD-RAW 0201FF", "Fujifilm RAF", "develop it"),
    "x3f": (b"FOVb\0\0\2\0", "Sigma X3F", "develop it"),
    "mrw": (b"\0MRM\0\1\2\3", "Minolta MRW", "develop it"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing", "export it as PNG"),
    "svg-with-head": (
        b'\xef\xbb\xbf<?xml version="1.0"?>\n<!-- drawn -->\n<!DOCTYPE svg PUBLIC "-//W3C" "x">\n<svg>',
        "an SVG drawing", "export it as PNG",
    ),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document", "save the page that you need as PNG"),
    "pdf-behind-words": (b"\r\n\r\n%PDF-1.4\n", "a PDF document", "save the page"),
    "psd": (b"8BPS\0\1\0\0", "a Photoshop document", "export it as PNG"),
    "xcf": (b"gimp xcf v011\0", "a GIMP document", "export it as PNG"),
    "eps": (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript document", "export it as PNG"),
    "eps-with-preview": (b"\xc5\xd0\xd3\xc6\x20\0\0\0", "a PostScript document", "export it as PNG"),
    "ico": (saved(PICTURE, "ICO"), "an icon or a cursor of Windows", "save it as"),
    "icns": (b"icns\0\0\1\0", "an icon of macOS", "save it as"),
    "tga": (saved(PICTURE, "TGA"), "a TGA image", "save it as"),
    "exr": (b"v/1\x01\2\0\0\0", "an OpenEXR image", "save it as"),
    "hdr": (b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n", "a Radiance HDR image", "save it as"),
    "dicom": (dicom(), "a DICOM image", "export it as PNG"),
    "dds": (saved(PICTURE, "DDS"), r"a texture \(DDS\)", "save it as"),
    "pcx": (saved(PICTURE, "PCX"), "a PCX image", "save it as"),
    "sgi": (saved(PICTURE, "SGI"), "an SGI image", "save it as"),
    "qoi": (saved(PICTURE, "QOI"), "a QOI image", "save it as"),
    "pam": (b"P7\nWIDTH 1\n", "a PAM image", "PPM"),
    "emf": (b"\1\0\0\0\x6c\0\0\0" + bytes(32) + b" EMF", "a Windows metafile", "export it as PNG"),
    "mp4": (box(b"ftyp", b"isom\0\0\2\0isomiso2avc1mp41"), "a film", "save one picture of it as JPEG"),
    "mp4-cut": (box(b"ftyp", b"mp42\0\0\0\0") + b"\0\0\xff\xffmoov", "a film", "save one picture"),
    "mov": (box(b"ftyp", b"qt  \0\0\0\0qt  "), "a film", "save one picture"),
    "3gp": (box(b"ftyp", b"3gp4\0\0\0\0"), "a film", "save one picture"),
    "old-mov": (b"\0\0\0\x08wide\0\0\0\0mdat", "a film", "save one picture"),
    "webm": (b"\x1a\x45\xdf\xa3\x9fB\x86", r"a film \(WebM or Matroska\)", "save one picture"),
    "avi": (b"RIFF\x10\0\0\0AVI LIST", r"a film \(AVI\)", "save one picture"),
    "wav": (b"RIFF\x10\0\0\0WAVEfmt ", "a sound file", "send a picture"),
    "m4a": (box(b"ftyp", b"M4A \0\0\0\0"), "a sound file", "send a picture"),
    "zip": (zipped("a.jpg", "b.jpg"), "a ZIP archive", "unpack it, and send the pictures in it"),
    "docx": (zipped("[Content_Types].xml", "word/document.xml"), "a document of Word", "export its picture"),
    "xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "a workbook of Excel", "export its picture"),
    "gzip": (b"\x1f\x8b\x08\0\0\0\0\0", "an archive", "unpack it"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a document of Office", "send the picture itself"),
    "html": (b"\n<!DOCTYPE html>\n<html><head>", "a web page", "fetch the picture again"),
    "html-utf-16": ("\ufeff<html>".encode("utf-16-le"), "a web page", "fetch the picture again"),
    "s3-error": (b'<?xml version="1.0"?>\n<Error><Code>NoSuchKey', "an error that a server answered", ""),
    "json": (b'{"error": "not found"}', "JSON", "fetch the picture again"),
    "base64": (b"data:image/png;base64,iVBORw0KGgo=", r"a picture as text \(base64\)", "decode it"),
    "base64-bare": (b"/9j/4AAQSkZJRgABAQ", r"a picture as text \(base64\)", "decode it"),
    "git-lfs": (b"version https://git-lfs.github.com/spec/v1\n", "a pointer of Git LFS", "git lfs pull"),
    "apple-double": (b"\0\5\x16\7\0\2\0\0Mac OS X", "what macOS puts beside a file", r"without \._"),
    "http": (b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n", "an answer over HTTP", "after the head"),
    "text": ("Die Größe\nist falsch".encode(), "text", "send a picture"),
    "zeros": (bytes(5_000), "nothing but fill bytes", "fetch the picture again"),
    "unknown": (b"\x89\x01\x02\x03 something", r"that begins with b'\\x89\\x01\\x02\\x03 something'", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_is_and_the_way_out_are_said(name: str) -> None:
    data, what, way_out = REFUSED[name]
    with pytest.raises(
        BadJob, match=rf"^the input is no image this worker reads.*{what}.*{way_out}"
    ) as caught:
        decode(data, 1_000)
    assert caught.value.code == "not-an-image"
    assert len(caught.value.message) < 250


def test_the_formats_that_are_read_are_told_where_nothing_better_is_known() -> None:
    with pytest.raises(BadJob, match=r"\(JPEG, PNG, GIF, TIFF, WEBP, BMP, PPM, HEIC, AVIF\)"):
        decode(b"\x89\x01\x02\x03 something", 1_000)


def test_nothing_at_all_is_said_to_be_empty() -> None:
    with pytest.raises(BadJob, match="the input is empty"):
        decode(b"", 1_000)


def test_no_format_that_is_read_is_refused_by_another_name() -> None:
    for kind in ("JPEG", "PNG", "GIF", "TIFF", "WEBP", "BMP", "PPM"):
        assert decode(saved(PICTURE, kind), 1_000).format == kind
