"""What all tests share."""

import signal
from pathlib import Path

import ansible.module_utils

# As `module_utils` of ansible.cfg does for the modules.
ansible.module_utils.__path__.append(str(Path(__file__).parent.parent / "plugins" / "module_utils"))

# A shell starts what runs in its background with SIGINT ignored, and so would be all that the tests start
# and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = [
    "tests.localcloud_fixture", "tests.worker_bench", "tests.client_bench", "tests.client_run",
]  # fmt: skip
