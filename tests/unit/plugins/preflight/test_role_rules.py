"""What a role or the worker would refuse, preflight refuses: the cases come from the rules themselves.

Variables are those of the project's own inventory, worked out by Ansible as a playbook does. Each option of
each role that site.yml runs gets a value that the option's own specification, AWS's limits or the worker
cannot take. A new option without a check fails here, and so does a new setting of the worker's.
"""

import re
import tomllib
from pathlib import Path
from typing import Any

import jobfleet_web.settings
import jobfleet_worker.settings
import pytest
import yaml
from ansible.inventory.group import Group
from ansible.module_utils.preflight.aws_limits import RULES
from ansible.module_utils.preflight.role_inputs import (
    GROUPS,
    RoleVariables,
    filled_in,
    options_of,
    roles_of,
    worked_out,
)
from ansible.module_utils.preflight.role_rules import RoleRules
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible.vars.plugins import get_vars_from_inventory_sources
from jobfleet.stack.drop_folder import AGAIN_WITHIN
from jobfleet_jobs.protocol.names import BadStackName

from tests.places import REPOSITORY
from tests.unit.plugins.actions import INVENTORY, inventory_variables

LOADER = DataLoader()
ROLES = list(dict.fromkeys(role for role, _ in roles_of(REPOSITORY)))
OPTIONS = {(role, name): option for role in ROLES for name, option in options_of(REPOSITORY, role).items()}
# What writes a program's settings, and what reads them there.
FILES = {
    "worker": (REPOSITORY / "roles/worker/templates/worker.toml.j2", jobfleet_worker.settings.from_mapping),
    "web": (REPOSITORY / "roles/web/templates/web.toml.j2", jobfleet_web.settings.from_mapping),
}
FILE_VARIABLES = sorted(
    name
    for role, (file, _) in FILES.items()
    for name in set(re.findall(rf"\b{role}_\w+", file.read_text()))
    if name not in ("worker_folder", "web_addresses", "web_token_path")
)

# A text that is no number, no address, no name and no path, and that TOML cannot hold without quotes.
NONSENSE = 'x y"\n'

# What is refused elsewhere, or never.
ELSEWHERE = {
    # Where things lie, and what they are called, on this machine and the hosts: whatever the person likes.
    **dict.fromkeys(
        ("keypair_folder", "keypair_host_alias", "session_file", "session_folder", "operations_base",
         "operations_folder", "wheel_project_folder", "wheel_folder", "host_user", "host_config_folder",
         "credentials_path", "credentials_owner", "worker_folder", "worker_user", "worker_config_path",
         "worker_credentials_path", "worker_wheel_path", "worker_wheel_version", "worker_constraints_path",
         "worker_stack", "worker_region", "worker_bucket", "worker_request_queue", "worker_response_queue",
         "worker_dead_letter_queue", "web_folder", "web_user", "web_config_path", "web_token_path",
         "web_credentials_path", "web_wheel_path", "web_wheel_version", "web_constraints_path", "web_stack",
         "web_region", "web_bucket", "web_tls_folder", "image_folder", "scaler_folder", "scaler_user",
         "scaler_config_path", "scaler_credentials_path", "scaler_stack", "scaler_region", "scaler_bucket",
         "scaler_request_queue"),
        "a place or a name of the project's own",
    ),
    # Preflight's own options, which AWS is asked about.
    "instances_profile": "AWS says whether there is one",
    "scaling_profile": "AWS says whether there is one",
    "scaling_image_id": "the role image makes it",
    "scaling_image_hash": "the role image makes it",
    "image_base_owner": "AWS says whether there is such an image",
    "image_base_name": "AWS says whether there is such an image",
    "scaler_version": "the wheel's own",
    "scaler_instance_id": "the scaler asks who it is where this is empty",
    "scaler_endpoint_url": "AWS's own address, but in trials",
    "instances_image_owner": "AWS says whether there is such an image",
    "instances_image_name": "AWS says whether there is such an image",
    **dict.fromkeys(
        ("instances_lab_mode", "instances_lab_max", "preflight_lab_mode", "preflight_lab_max",
         "scaling_lab_mode", "scaling_lab_max", "image_lab_mode", "image_lab_max",
         "preflight_folder", "preflight_instance_profile"),
        "preflight's own check of the account",
    ),
    **dict.fromkeys(
        ("credentials_from", "preflight_web_credentials_file"),
        "there has to be such a file, as a test below says",
    ),
    "description_version": "the wheel's own",
    "description_bucket": "the bucket's own variable is looked at",
    "description_key": "any key of the bucket",
    "web_access_bucket": "the bucket's own variable is looked at",
    "web_access_key": "any key of the bucket",
    "status_stack": "only looked for",
    "status_bucket": "the bucket's own variable is looked at",
    "web_token": "the role web_access makes it",
}  # fmt: skip


def variables_with(given: dict[str, Any]) -> RoleVariables:
    """Return the variables of a run with `-e given`."""
    here = {**inventory_variables(), "account_id": "123456789012"}
    groups = {
        name: get_vars_from_inventory_sources(LOADER, INVENTORY, [Group(name)], "task") for name in GROUPS
    }
    return RoleVariables(REPOSITORY, here, groups, given)


def refused(**given: Any) -> list[str]:
    """Return what preflight says against a run with `-e given`."""
    return RoleRules(REPOSITORY, variables_with(given), LOADER).problems()


def program_refuses(role: str, **given: Any) -> bool:
    """Tell whether a program with the file that its role would write does not start."""
    file, from_mapping = FILES[role]
    variables = variables_with(given).of(role, {"worker": "workers", "web": "web_hosts"}[role])
    try:
        from_mapping(tomllib.loads(filled_in(LOADER, variables, file)))
    except (ValueError, BadStackName):
        return True
    return False


def wrong_values(name: str) -> list[Any]:
    """Return values that an option cannot have, as its own specification or AWS's limits say."""
    option = next(one for (_, named), one in OPTIONS.items() if named == name)
    found: list[Any] = []
    if option["type"] == "list":
        found.append({"x": 1})  # Ansible makes a list of any text
    elif "choices" in option or option["type"] not in ("str", "path") or name in RULES:
        found.append(NONSENSE)
    if option["type"] in ("int", "float") and name not in {*FILE_VARIABLES, *ELSEWHERE}:
        found += [-1, 10**30]
    if option.get("required") and option["type"] == "str" and not name.startswith(tuple(FILES)):
        found.append("")
    return found


@pytest.fixture(scope="module")
def rounds() -> list[list[str]]:
    """What is said when each variable has its first wrong value, its second, and so on."""
    names = [name for _, name in OPTIONS]
    return [
        refused(**{name: values[number] for name in names if len(values := wrong_values(name)) > number})
        for number in range(max(len(wrong_values(name)) for name in names))
    ]


def test_the_project_s_own_variables_are_taken() -> None:
    assert refused() == []


@pytest.mark.parametrize("name", [name for _, name in OPTIONS])
def test_every_option_of_every_role_has_a_value_that_is_refused_in_time(
    name: str, rounds: list[list[str]]
) -> None:
    values = wrong_values(name)

    for value, said in zip(values, rounds, strict=False):
        assert [text for text in said if text.startswith(f"{name} ")] != [], repr(value)
    assert values or name in ELSEWHERE or name in FILE_VARIABLES, f"{name}: which rule holds it?"


CANDIDATES: tuple[Any, ...] = (-1, 10**30, 0.5, "", "x y", [1])


@pytest.mark.parametrize("name", FILE_VARIABLES)
def test_whatever_a_program_s_start_refuses_is_refused_before(name: str, tmp_path: Path) -> None:
    # A model's other settings count where there is a model.
    model = tmp_path / "model.onnx"
    model.touch()
    whole: dict[str, Any] = {"worker_classify_sha256": "0" * 64}
    if name.startswith("worker_classify"):
        whole["worker_classify_model"] = str(model)

    wrong = [value for value in CANDIDATES if is_refused_by_program(whole, name, value)]

    # Preflight goes through all roles, which takes a while: one of the values has to do.
    assert all(refused(**{**whole, name: value}) for value in wrong[:1])


def is_refused_by_program(whole: dict[str, Any], name: str, value: Any) -> bool:
    try:
        return program_refuses(name.partition("_")[0], **{**whole, name: value})
    except Exception:  # noqa: BLE001 - a template that cannot be filled in is a refusal, of whichever kind
        return True


@pytest.mark.parametrize(
    "name", ["My_Stack", 2024, "2024", "a", "-x", "x" * 40, "x-", "", None, "ä", "a b", "a\n"]
)
def test_a_stack_s_name_that_the_worker_refuses_is_refused_before(name: Any) -> None:
    said = refused(stack_name=name)

    assert program_refuses("worker", stack_name=name)
    assert len(said) == 1
    assert said[0].startswith(f"stack_name {name!r}: A stack's name must be 2 to 32 lower-case letters")


@pytest.mark.parametrize("release", [12, "13"])
def test_one_setting_chooses_the_debian_of_hosts_and_of_images(release: Any) -> None:
    wanted = f"debian-{release}-amd64-*"
    rules = RoleRules(REPOSITORY, variables_with({"debian_release": release}), LOADER)

    assert rules.problems() == []
    assert rules.values["instances"]["instances_image_name"] == wanted
    image = variables_with({"debian_release": release}).of("image")
    assert worked_out(LOADER, image, image["image_base_name"]) == wanted


@pytest.mark.parametrize("release", [11, 14, "trixie", "12.5"])
def test_a_debian_that_the_roles_do_not_know_is_refused_with_those_that_they_do(release: Any) -> None:
    assert refused(debian_release=release) == [f"debian_release is {release!r}: give 12 or 13."]


def test_the_group_of_the_workers_counts_and_what_is_given_counts_more() -> None:
    of_worker = variables_with({"worker_region": "eu-west-1"}).of("worker", "workers")

    assert worked_out(LOADER, of_worker, of_worker["worker_stack"]) == "jobfleet"
    assert of_worker["worker_region"] == "eu-west-1"


def test_a_person_reads_the_name_of_the_variable_that_they_set() -> None:
    assert refused(ssh_from="0.0.0.0/0")[0].startswith(
        "ssh_from is '0.0.0.0/0': give an address range such as"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"worker_operation_packages": ["./nothing"]}, "nothing is neither a wheel nor a folder"),
        ({"worker_operation_packages": ["a b c"]}, "'a b c' is no pip requirement"),
        ({"worker_classify_model": "/nowhere/x.onnx", "worker_classify_sha256": "0" * 64}, "no such file"),
        ({"worker_credentials_file": "/nowhere/keys"}, "worker_credentials_file is '/nowhere/keys'"),
        (
            {"web_open_to_all_without_token": True, "web_from": "::/0"},
            "the page would be for everybody, without a token",
        ),
        ({"web_listen_address": "::"}, "give the host's own address"),
        ({"web_credentials_file": "/nowhere/keys"}, "web_credentials_file is '/nowhere/keys'"),
        (
            {"instances_volume_size": trust_as_template("{{ nothing }}")},
            "instances_volume_size cannot be worked out",
        ),
        ({"queues_requests_name": "a.b"}, "queues_requests_name is 'a.b': give 1 to 80 letters"),
        ({"firewall_egress_ports": [0]}, "firewall_egress_ports is [0]: give ports from 1 to 65535"),
    ],
)
def test_what_is_no_matter_of_types_is_said_with_the_way_out(given: dict[str, Any], said: str) -> None:
    assert [text for text in refused(**given) if said in text] != []


def test_a_file_of_credentials_need_not_be_there_where_hosts_have_a_profile() -> None:
    nowhere = {"worker_credentials_file": "/nowhere/keys"}

    assert refused(**nowhere, worker_credentials="instance_profile") == []
    assert len(refused(**nowhere, worker_credentials="file")) == 1


# Each `assert` and `fail` of the roles that site.yml runs: a value that it refuses, or why none is known.
HELD: dict[str, dict[str, Any] | str] = {
    "bucket: Ensure the name is not empty": {"bucket_name": ""},
    "firewall: Ensure the names are not empty": {"firewall_name": ""},
    "firewall: Ensure the address range that may use the page is one": {"web_from": "x"},
    "firewall: Ensure the address range that may use SSH is one, and not the whole internet": {
        "ssh_from": "x"
    },
    "instances: Ensure the names are not empty": {"instances_name": ""},
    "keypair: Ensure the names are not empty": {"keypair_name": ""},
    "keypair: Ensure the private key of the pair that AWS holds was not lost": "preflight looks at both keys",
    "keypair: Ensure AWS holds the public half of the key that lies here": "preflight looks at both keys",
    "keypair: Ensure AWS holds this machine's key": "another machine was quicker, after preflight",
    "preflight: Ensure nothing prevents it": "preflight itself",
    "scaling: Ensure the names are not empty": {"scaling_name": ""},
    "scaling: Ensure there is an image to launch from": "the role image makes it before",
    "image: Ensure that nobody else makes an image at the same time": "another machine's run, which passes",
    "image: Ensure the host is what the image shall be": "what went wrong on the host stands above it",
    "scaler: Say why the scaler does not run": "it ran, and its own words say why it ended",
    "queues: Ensure the names are not empty": {"queues_requests_name": ""},
    "web: Ensure that not everybody comes in": "the role web_access makes a token",
    "web: Ensure that TLS ends in one place": {"web_tls": True, "web_balanced": True},
    "web: Say why the web tier does not run": "it ran, and its own words say why it ended",
    "worker: Say why the worker does not run": "it ran, and its own words say why it ended",
}


def refusing_tasks() -> dict[str, list[str]]:
    """Return by role the names of the tasks that refuse something."""
    found: dict[str, list[str]] = {}

    def walk(role: str, tasks: list[dict[str, Any]]) -> None:
        for task in tasks:
            if {"ansible.builtin.assert", "ansible.builtin.fail"} & task.keys():
                found.setdefault(role, []).append(task["name"])
            for part in ("block", "rescue", "always"):
                walk(role, task.get(part, []))

    for role in ROLES:
        for file in sorted((REPOSITORY / "roles" / role / "tasks").glob("*.yml")):
            if not file.name.startswith("absent"):
                walk(role, yaml.safe_load(file.read_text()) or [])
    return found


def test_every_task_that_refuses_something_is_known_here() -> None:
    there = {f"{role}: {name}" for role, names in refusing_tasks().items() for name in names}

    assert there == set(HELD)


@pytest.mark.parametrize("task", [name for name, given in HELD.items() if isinstance(given, dict)])
def test_what_a_task_would_refuse_is_refused_before(task: str) -> None:
    given = HELD[task]
    assert isinstance(given, dict)
    assert refused(**given) != []


def test_results_outlive_the_days_in_which_dropped_files_are_sent_again() -> None:
    held = RULES["bucket_results_days"].holds

    assert not held(AGAIN_WITHIN.days)
    assert held(AGAIN_WITHIN.days + 1)
