"""The description of the API says what there is, and nothing else."""

from collections.abc import Callable

import jsonschema
import pytest
import schemathesis
from jobfleet_jobs.operations.catalogue import OPERATIONS
from jobfleet_web.api.openapi import PATH, document
from jobfleet_web.app import create_app
from starlette.routing import Route

from tests.web_bench import Site

Make = Callable[..., Site]


def served(made: Site) -> set[tuple[str, str]]:
    """Return each method and path that the application answers to, but for the page's."""
    return {
        (method.lower(), route.path)
        for route in create_app(made.parts).routes
        if isinstance(route, Route) and not route.endpoint.__module__.startswith("jobfleet_web.pages")
        for method in route.methods or ()
        if method != "HEAD"
    }


@pytest.mark.parametrize("balanced", [False, True])
def test_every_route_is_in_it_and_it_has_no_other(site: Make, balanced: bool) -> None:
    paths = document(balanced=balanced)["paths"]
    told = {(method, path) for path, methods in paths.items() for method in methods}
    assert served(site(balanced=balanced)) == told
    assert ("get", "/work") in told or not balanced


def test_it_can_be_read_by_a_program_that_reads_such_descriptions(site: Make) -> None:
    found = site().get(PATH)
    assert found.headers["content-type"] == "application/json"
    read = schemathesis.openapi.from_dict(found.json())
    assert read.validate() is None
    assert len([one.ok() for one in read.get_all_operations()]) == len(served(site()))


def test_each_schema_in_it_is_one() -> None:
    for schema in document()["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_each_parameter_of_each_operation_can_be_given_as_a_field_and_in_the_query() -> None:
    names = {one.name for operation in OPERATIONS.values() for one in operation.parameters}
    upload = document()["paths"]["/api/v1/upload"]["post"]
    assert names <= {one["name"] for one in upload["parameters"] if one["in"] == "query"}
    assert names <= set(document()["components"]["schemas"]["Upload"]["properties"])


@pytest.mark.parametrize("operation", ["greyscale", "threshold"])
def test_an_answer_is_as_it_says(site: Make, operation: str) -> None:
    answer = site().post(f"/api/v1/upload?operation={operation}", files={"f": ("a.png", b"x")})
    schemas = document()["components"]["schemas"]
    resolved = {"$ref": "#/components/schemas/Jobs", "components": {"schemas": schemas}}
    jsonschema.validate(answer.json(), resolved)
    refused = site().post("/api/v1/upload?operation=x", files={"f": ("a.png", b"x")})
    jsonschema.validate(refused.json(), {**resolved, "$ref": "#/components/schemas/Problem"})
