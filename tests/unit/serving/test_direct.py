"""The direct way to a route answers as the router would."""

import re

import pytest

from serving.keys import parse_keys
from tests.unit.serving.lists_asked import USER

KEYS = parse_keys("r read read-key-0123456789;w write write-key-0123456789")
READ = {"x-api-key": "read-key-0123456789"}
# What differs from answer to answer.
CHANGING = re.compile(r'"(request_id|timings)":("[0-9a-f]+"|\{[^}]*\})')
LISTS, SIMILAR = "/v1/recommendations", "/v1/similar"


def told(client, method, path, headers):
    response = client.request(method, path, headers=headers)
    fixed = {
        name: value
        for name, value in response.headers.items()
        if name not in ("x-request-id", "content-length")
    }
    return response.status_code, fixed, CHANGING.sub(r'"\1":', response.text)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", f"{LISTS}/{USER}?n=3&exclude=i00&exclude=i02", READ),
        ("GET", f"{LISTS}/{USER}?n=3&n=4&surface=home&explain=true&unheard=of", READ),
        ("GET", f"{LISTS}/{USER}?n=0&offset=-1", READ),
        ("GET", f"{LISTS}/{USER}?n=0&offset=-1", {}),
        ("GET", f"{LISTS}/{USER}", {"x-api-key": "write-key-0123456789"}),
        ("GET", f"{LISTS}/", READ),
        ("GET", LISTS, READ),
        ("GET", f"{LISTS}/a/b%2Fc%20d%F0%9F%99%82", READ),
        # A line end is no part of a path that is looked for.
        ("GET", f"{LISTS}/a%0Ab", READ),
        ("GET", f"{LISTS}/{'u' * 201}?n=one", READ),
        ("GET", f"{SIMILAR}/i00?n=2", READ),
        ("GET", f"{SIMILAR}/i00?n=", READ),
        ("HEAD", f"{LISTS}/{USER}", READ),
        ("POST", f"{LISTS}/{USER}", READ),
        ("DELETE", f"{SIMILAR}/i00", READ),
    ],
)
def test_an_answer_is_that_of_the_router(shop, serving, method, path, headers):
    direct, routed = serving(shop, keys=KEYS), serving(shop, keys=KEYS)
    router = routed.app.router
    router.middleware_stack = router.app
    # Twice: a query that was asked before is not checked again.
    first, second = (told(direct, method, path, headers) for _ in range(2))
    assert first == second == told(routed, method, path, headers)


def test_lists_are_counted_under_the_path_of_their_route(shop, serving):
    client = serving(shop)
    client.get(f"{LISTS}/{USER}")
    client.get(f"{LISTS}/{USER}?n=0")
    shown = client.get("/metrics").text
    route = "/v1/recommendations/{user_id:path}"
    for status in (200, 422):
        assert f'topshelf_requests_total{{route="{route}",status="{status}"}} 1.0' in shown
