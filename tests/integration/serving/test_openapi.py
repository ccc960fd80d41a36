"""Requests made up from the OpenAPI document get answers that the document describes."""

import pytest
import schemathesis
from hypothesis import given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from serving.limits import Limits
from serving.settings import ServingSettings
from tests.integration.serving.server import Server, home_of
from tests.unit.serving.lists_asked import point
from tests.unit.serving.shop_release import make_shop

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    """Serve a shop, and read the document that it shows."""
    home = home_of(tmp_path_factory.mktemp("openapi"))
    make_shop(home / "releases")
    point(home, "shop-1")
    limits = Limits(requests_per_second=100_000, wait_seconds=20)
    with Server(ServingSettings(home, limits=limits)) as server:
        server.ready()
        yield schemathesis.openapi.from_url(f"{server.url}/openapi.json")


TYPES_UNKNOWN = [positive_data_acceptance]
ROUTES = [
    ("GET", "/v1/recommendations/{user_id}"),
    ("GET", "/v1/similar/{item_id}"),
    ("POST", "/v1/events"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
]


def test_the_document_has_every_route(document):
    described = [result.ok() for result in document.get_all_operations()]
    assert sorted((one.method.upper(), one.path) for one in described) == sorted(ROUTES)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_is_as_described(document, method, path):
    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    @given(case=document[path][method].as_strategy())
    def ask(case: schemathesis.Case) -> None:
        # Which types of events there are is known to the log, not to the document.
        case.call_and_validate(excluded_checks=TYPES_UNKNOWN if method == "POST" else [])

    ask()
