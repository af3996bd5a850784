"""What all tests share."""

import functools
import os
import signal
import tempfile
from pathlib import Path

import ansible.module_utils
import botocore.session
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from tests.places import REPOSITORY

# As `module_utils` of ansible.cfg does for the modules.
ansible.module_utils.__path__.append(str(REPOSITORY / "plugins" / "module_utils"))

# A shell starts what runs in its background with SIGINT ignored, and so would be all that the tests start
# and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.localcloud_fixture", "tests.worker_bench", "tests.client_bench", "tests.client_run",
    "tests.dropped_files", "tests.known_server", "tests.scheduling", "tests.web_bench", "tests.web_process",
]  # fmt: skip

# The tests' own settings.
_OURS = (
    "JOBFLEET_PATIENCE", "JOBFLEET_NO_SKIPS", "JOBFLEET_SOAK", "JOBFLEET_RECORD_POLICIES",
    "JOBFLEET_PICTURES",
)  # fmt: skip


def _forget_the_person() -> tempfile.TemporaryDirectory[str]:
    """Keep the settings and keys of the person who runs the tests out of them; return their new home.

    At import, before anything makes a client. What is set here reaches the programs that tests start, too.
    """
    for name in [name for name in os.environ if name.startswith(("AWS_", "JOBFLEET_", "ANSIBLE_"))]:
        if name not in _OURS:
            del os.environ[name]
    # What may be the same for all: the hosts' base image, pip's downloads and where pip finds packages.
    for variable, folder in (("XDG_CACHE_HOME", ".cache"), ("XDG_CONFIG_HOME", ".config")):
        os.environ.setdefault(variable, str(Path.home() / folder))
    home = tempfile.TemporaryDirectory(prefix="jobfleet-home-", ignore_cleanup_errors=True)
    os.environ["HOME"] = home.name
    # Nobody is asked for credentials over the network.
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    # Where hypothesis keeps tables of its own.
    os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(Path(home.name) / "hypothesis")
    # Bytecode that is not kept is made anew by each of the thousand processes that the tests start.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    return home


_HOME = _forget_the_person()

# Before anything imports a collection: one that Python's own import found cannot be used by Ansible any more.
if AnsibleCollectionConfig.collection_finder is None:
    init_plugin_loader()

# Every session of boto3 would read megabytes about AWS's services anew, and tests make hundreds of sessions.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)
