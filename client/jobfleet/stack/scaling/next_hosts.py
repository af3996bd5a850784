"""What hosts offer that a fleet launches next, as the worker said in the image that they boot from.

While no worker lives, nobody else can say it: the fleet may never have run, or have run something else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from jobfleet_jobs.careful_json import read_object
from jobfleet_jobs.protocol.aws_facts import FORBIDDEN, error_code
from jobfleet_jobs.protocol.names import image_offer_key

from jobfleet.aws.bucket import Bucket
from jobfleet.errors import DamagedScaling
from jobfleet.stack.scaling.view import read_configuration


@dataclass(frozen=True)
class ImageOffer:
    """What hosts of the image with this hash offer, as in a heartbeat, to be read with care."""

    image: str
    offer: Mapping[str, Any]


def read_next_offer(bucket: Bucket) -> ImageOffer | None:
    """Return it; None where the stack does not scale, or it is not told or may not be read.

    Raises AWS's other errors.
    """
    try:
        configuration = read_configuration(bucket)
        image = configuration.image if configuration else ""
        text = bucket.text(image_offer_key(image)) if image else None
    except DamagedScaling:
        return None  # it is damaged; whoever looks at the scaling is told
    except ClientError as problem:
        if error_code(problem) in FORBIDDEN:
            return None
        raise
    offer = read_object(text or "")
    return ImageOffer(image, offer) if offer.get("operations") else None
