"""What all tests share."""

pytest_plugins = ["tests.localcloud_fixture", "tests.worker_bench"]
