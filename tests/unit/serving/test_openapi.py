"""The OpenAPI document is whole: what it refers to is in it."""

import pytest

from serving import contracts
from serving.app import create_app
from serving.keys import parse_keys
from serving.problems import MEDIA_TYPE
from serving.settings import ServingSettings

KEYS = parse_keys("r read read-key-0123456789")


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    return create_app(ServingSettings(tmp_path_factory.mktemp("shop"))).openapi()


def references(node):
    """Yield every reference in a part of the document."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from references(one)


def operations(document):
    return [(path, one) for path, methods in document["paths"].items() for one in methods.values()]


def test_every_reference_leads_somewhere(document):
    found = set(references(document))
    assert "#/components/schemas/ProblemDetails" in found
    for reference in found:
        node = document
        for part in reference.removeprefix("#/").split("/"):
            assert part in node, reference
            node = node[part]


def test_every_problem_has_the_form_of_problem_details(document):
    problems = [
        response["content"][MEDIA_TYPE]["schema"]
        for _, operation in operations(document)
        for response in operation["responses"].values()
        if MEDIA_TYPE in response.get("content", {})
    ]
    assert len(problems) > 10
    assert all(one == {"$ref": "#/components/schemas/ProblemDetails"} for one in problems)
    told = document["components"]["schemas"]["ProblemDetails"]
    assert {"title", "status", "detail", "instance"} == set(told["required"])
    assert told["properties"]["errors"]["anyOf"][0]["items"] == {
        "$ref": "#/components/schemas/FieldProblem"
    }


def test_the_ways_to_send_a_key_are_described(document, tmp_path):
    assert document["components"]["securitySchemes"] == {
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "`Authorization: Bearer KEY`, where API keys are set.",
        },
        "header": {
            "type": "apiKey",
            "in": "header",
            "name": "X-API-Key",
            "description": "The same key, where the other header is taken.",
        },
    }
    locked = create_app(ServingSettings(tmp_path, keys=KEYS)).openapi()
    needs = {path: one.get("security") for path, one in operations(locked)}
    either = [{"bearer": []}, {"header": []}]
    for path, security in needs.items():
        is_open = path in ("/healthz", "/readyz")
        assert security == (None if is_open else either), path
    # Without keys nobody needs one, and whoever sends one is answered too.
    assert all(one.get("security") in (None, [{}, *either]) for _, one in operations(document))


def test_answers_that_can_be_named_in_events_say_where_their_id_is(document):
    for path, operation in operations(document):
        headers = operation["responses"]["200"].get("headers", {})
        assert ("x-request-id" in headers) == path.startswith(("/v1/rec", "/v1/sim")), path


@pytest.mark.parametrize(
    "model", [contracts.Recommendations, contracts.Similar, contracts.SimilarItem, contracts.Status]
)
def test_examples_are_of_the_form_that_they_show(document, model):
    example = document["components"]["schemas"][model.__name__]["example"]
    told = model.model_validate(example).model_dump(mode="json", exclude_unset=True)
    assert told == example


def test_a_body_of_events_is_one_event_or_a_list_of_them(document):
    body = document["paths"]["/v1/events"]["post"]["requestBody"]["content"]["application/json"]
    event = {"$ref": "#/components/schemas/Event"}
    one, many = body["schema"]["anyOf"]
    assert one == event
    assert (many["type"], many["items"], many["minItems"]) == ("array", event, 1)
