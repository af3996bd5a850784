"""Of an object that is longer than any document, a scaler reads only the beginning."""

import io

from jobfleet_scaling.aws.bodies import OBJECT_MAX_BYTES, content_of


def test_an_object_is_read_whole() -> None:
    body = io.BytesIO(b"{}")
    assert content_of({"Body": body}) == b"{}"
    assert not body.closed


def test_of_a_huge_one_the_beginning_is_read_and_the_rest_left() -> None:
    body = io.BytesIO(bytes(OBJECT_MAX_BYTES + 7))
    assert len(content_of({"Body": body})) == OBJECT_MAX_BYTES
    assert body.closed
