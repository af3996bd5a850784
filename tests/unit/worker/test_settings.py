from pathlib import Path
from typing import Any

import pytest
from jobfleet_jobs.protocol.names import BadStackName
from jobfleet_worker.settings import BadSettings, from_file, from_mapping, from_stack

WHOLE: dict[str, Any] = {
    "stack": "demo",
    "region": "us-east-1",
    "bucket": "b",
    "request_queue": "demo-requests",
    "response_queue": "demo-responses",
    "dead_letter_queue": "demo-dead",
    "endpoint_url": "http://127.0.0.1:1",
    "worker_id": "i-0123",
    "visibility_timeout": 60,
    "wait_time": 20,
    "max_pixels": 10,
    "max_input_bytes": 10,
    "max_numbers": 10,
    "job_time_limit": 10,
    "job_memory_limit": 2**30,
    "max_in_flight": 10,
    "processes": 2,
    "batch_max": 10,
    "batch_linger": 5,
    "log_max_age": 10,
    "stop_timeout": 10,
}


def test_the_file_the_playbook_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "worker.toml"
    lines = [
        f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value}"
        for name, value in WHOLE.items()
    ]
    file.write_text("\n".join(lines))
    settings = from_file(file)
    assert {name: getattr(settings, name) for name in WHOLE} == WHOLE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region", ""),
        ("bucket", 3),
        ("visibility_timeout", 5),
        ("visibility_timeout", 43_201),
        ("wait_time", 21),
        ("wait_time", -1),
        ("wait_time", True),
        ("wait_time", "20"),
        ("max_pixels", 0),
        ("max_input_bytes", -1),
        ("max_numbers", 1.5),
        ("stream_from_bytes", 0),
        ("max_stream_bytes", 0),
        ("stream_seconds_per_mib", 0),
        ("job_time_limit", 0),
        ("job_memory_limit", 2**20),
        ("max_in_flight", 0),
        ("processes", 0),
        ("batch_max", 101),
        ("batch_linger", -1),
        ("log_max_age", 0),
        ("stop_timeout", 0),
        ("drop_processed", "delete"),
        ("endpoint_url", "127.0.0.1"),
        ("worker_id", "../x"),
        ("worker_id", ""),
    ],
)
def test_a_setting_that_cannot_work_is_refused_with_its_value_and_the_way_out(
    name: str, value: object
) -> None:
    with pytest.raises(BadSettings) as caught:
        from_mapping(WHOLE | {name: value})
    assert name in str(caught.value)
    assert repr(value) in str(caught.value)
    assert "give " in str(caught.value)


def test_all_that_cannot_work_is_said_at_once() -> None:
    with pytest.raises(BadSettings) as caught:
        from_mapping(WHOLE | {"wait_time": 21, "processes": 0, "endpoint_url": "here"})
    for wrong in ("wait_time = 21", "processes = 0", "endpoint_url = 'here'"):
        assert wrong in str(caught.value)
    lacking = {name: value for name, value in WHOLE.items() if name not in ("bucket", "region")}
    with pytest.raises(BadSettings, match=r"'colour' is unknown.*'bucket' is missing; .*'region' is missing"):
        from_mapping(lacking | {"colour": 1})


def test_streams_get_time_by_their_size_and_no_more_than_a_message_can_be_held() -> None:
    settings = from_mapping({**WHOLE, "job_time_limit": 100, "stream_seconds_per_mib": 3})
    allowances = [settings.stream_allowance(size) for size in (1, 2**20, 2**20 + 1, 2**31, 2**60)]
    assert allowances == [3, 3, 6, 6144, 35_900]


def test_unknown_and_missing_settings_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"'colour' is unknown"):
        from_mapping(WHOLE | {"colour": 1})
    with pytest.raises(BadSettings, match="'bucket' is missing"):
        from_mapping({name: value for name, value in WHOLE.items() if name != "bucket"})
    with pytest.raises(BadSettings, match=r"nowhere\.toml"):
        from_file(tmp_path / "nowhere.toml")
    (tmp_path / "bad.toml").write_text("stack = ")
    with pytest.raises(BadSettings, match=r"bad\.toml"):
        from_file(tmp_path / "bad.toml")


def test_a_stack_name_alone_derives_the_rest() -> None:
    settings = from_stack("demo", "us-east-1", "123456789012")
    assert settings.bucket == "demo-123456789012-us-east-1"
    assert settings.request_queue == "demo-requests"
    with pytest.raises(BadStackName):
        from_stack("No", "us-east-1", "123456789012")


def test_log_lines_are_spooled_where_systemd_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    assert from_stack("demo", "us-east-1", "1").spool == tmp_path / "spool"
