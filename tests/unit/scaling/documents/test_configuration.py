"""The configuration reads back as it was written, and a damaged one is never taken for "does not scale"."""

import pytest
from jobfleet_scaling.documents.configuration import DamagedConfiguration, ScalingConfiguration

from tests.scaling_fleet import configuration


def test_it_reads_back_as_it_was_written() -> None:
    written = configuration().to_json()
    assert ScalingConfiguration.read(written).to_json() == written


@pytest.mark.parametrize(
    "text", ["", "no JSON", configuration().to_json()[:-9], "[]", "{}", '{"min": 0, "max": 6, "groups": []}']
)
def test_a_damaged_one_is_told_by_name_and_with_the_way_out(text: str) -> None:
    with pytest.raises(DamagedConfiguration) as caught:
        ScalingConfiguration.read(text)
    assert "config/scaling.json" in str(caught.value)
    assert "site.yml" in str(caught.value)
