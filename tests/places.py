"""Where things lie in the repository."""

from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
