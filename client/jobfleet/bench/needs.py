"""What `jobfleet bench` needs beside the client: the extra `bench`, which not everybody installs."""

from importlib.util import find_spec

from jobfleet.errors import NotInstalled

# https://docs.aiohttp.org, https://numpy.org, https://matplotlib.org
PACKAGES = ("aiohttp", "matplotlib", "numpy")


def require_packages() -> None:
    """Raise `NotInstalled`, with the command that installs them, if packages are missing."""
    missing = [name for name in PACKAGES if not _is_there(name)]
    if missing:
        names = " ".join(missing)
        raise NotInstalled(
            f"jobfleet bench needs {', '.join(missing)}, not installed here: run `pip install {names}` in "
            f"jobfleet's environment, or `pipx inject jobfleet {names}` if pipx installed it"
        )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False
