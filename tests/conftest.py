"""What all tests share."""

from pathlib import Path

import ansible.module_utils

# As `module_utils` of ansible.cfg does for the modules.
ansible.module_utils.__path__.append(str(Path(__file__).parent.parent / "plugins" / "module_utils"))

pytest_plugins = [
    "tests.localcloud_fixture", "tests.worker_bench", "tests.client_bench", "tests.client_run",
]  # fmt: skip
