"""The operation `blur`: an image after a Gaussian blur."""

from PIL import Image, ImageFilter

from jobfleet_worker.operations.imaging.channels import eight_bit, premultiplied, straight, without_palette


def blur(image: Image.Image, *, radius: float = 2.0) -> Image.Image:
    """Return `image` after a Gaussian blur of which `radius` is the standard deviation in pixels.

    Colours count as far as they can be seen (premultiplied alpha). 16-bit grey becomes 8 bits.
    Pillow comes near a Gaussian by three boxes, for each of which the image goes on behind its
    edges as at them: https://pillow.readthedocs.io/en/stable/reference/ImageFilter.html
    """
    mixed = premultiplied(without_palette(eight_bit(image)))
    return straight(mixed.filter(ImageFilter.GaussianBlur(radius)))
