"""How often Python looks for garbage in a playbook's process."""

import gc
from collections.abc import Iterator

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader

from tests.places import REPOSITORY


@pytest.fixture
def collecting() -> Iterator[None]:
    """Leave the search for garbage as it was."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


def searches() -> int:
    """Return how often garbage was looked for."""
    return sum(int(generation["collections"]) for generation in gc.get_stats())


def collections_of(objects: int) -> int:
    """Make so many objects that stay; return how often garbage was looked for meanwhile."""
    before = searches()
    kept = [[number] for number in range(objects)]
    assert len(kept) == objects
    return searches() - before


def test_a_playbook_looks_for_no_garbage_in_what_it_began_with_and_seldom_in_the_rest(
    collecting: None,
) -> None:
    inventory_loader.add_directory(str(REPOSITORY / "plugins" / "inventory"))
    # With Python's own first figure, 700, and 2,000 since Python 3.13.
    assert collections_of(100_000) >= 100_000 // 2_000

    loader = DataLoader()
    careful = inventory_loader.get("careful")
    careful.parse(
        InventoryManager(loader=loader)._inventory, loader, str(REPOSITORY / "inventory/a_careful.yml")
    )

    assert gc.get_freeze_count() > 100_000
    assert collections_of(100_000) < 10
