"""Events over HTTP: what is accepted is on disk, what is refused says why."""

import json
import os
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient

from serving.app import create_app
from serving.keys import parse_keys
from serving.landing import landed_rows
from serving.limits import Limits
from serving.settings import ServingSettings

EVENT = {"user_id": "ann", "item_id": "cup", "event_type": "view"}
READ, WRITE, ADMIN = "read-key-0123456789", "write-key-0123456789", "admin-key-0123456789"
KEYS = parse_keys(f"r read {READ};w write {WRITE};a admin {ADMIN}")


@pytest.fixture
def serving(tmp_path):
    """Give `serving(**settings)`, a client of an application that runs."""
    clients = []

    def start(**settings: object) -> TestClient:
        app = create_app(ServingSettings(tmp_path, **settings))
        client = TestClient(app, raise_server_exceptions=False).__enter__()
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


def landed(tmp_path) -> list[dict]:
    return list(landed_rows(tmp_path / "landing" / "events"))


def problem(answer) -> dict:
    """Return a problem, having looked at its form."""
    assert answer.headers["content-type"] == "application/problem+json"
    content = answer.json()
    assert content["status"] == answer.status_code
    assert {"type", "title", "detail", "instance"} <= set(content)
    return content


def test_an_accepted_event_is_on_disk_with_all_it_said(serving, tmp_path):
    sent = {
        **EVENT,
        "event_id": "e1",
        "occurred_at": "2026-03-01T13:00:00+01:00",
        "value": 2.5,
        "session_id": "s",
        "anonymous_id": "a",
        "request_id": "r",
        "surface": "home",
        "device": "phone",
        "event_type": "View",
    }
    answer = serving().post("/v1/events", json=sent)
    assert answer.json() == {"accepted": 1, "event_ids": ["e1"], "visible": True}
    (row,) = landed(tmp_path)
    assert row.pop("loaded_at").endswith("Z")
    assert row == {**sent, "event_type": "view", "occurred_at": "2026-03-01T12:00:00.000000Z"}


def test_many_events_get_ids_and_a_moment(serving, tmp_path):
    before = datetime.now(UTC)
    answer = serving().post("/v1/events", json=[EVENT, {**EVENT, "item_id": "lamp"}])
    rows = landed(tmp_path)
    assert answer.json()["event_ids"] == [row["event_id"] for row in rows]
    assert len({row["event_id"] for row in rows}) == 2
    assert all(datetime.fromisoformat(row["occurred_at"]) >= before for row in rows)


def test_a_clock_that_is_ahead_does_not_put_an_event_into_the_future(serving, tmp_path):
    serving().post("/v1/events", json={**EVENT, "occurred_at": "2999-01-01T00:00:00Z"})
    (row,) = landed(tmp_path)
    assert row["occurred_at"] == row["loaded_at"]
    assert row["sent_occurred_at"].startswith("2999")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("1900-01-01T00:00:00Z", {"occurred_at": "1900-01-01T00:00:00.000000Z"}),
        ("9999-12-30T23:59:59Z", {"sent_occurred_at": "9999-12-30T23:59:59.000000Z"}),
    ],
)
def test_the_first_and_the_last_moment_that_may_be_sent_are_landed(serving, tmp_path, sent, kept):
    answer = serving().post("/v1/events", json={**EVENT, "occurred_at": sent})
    assert answer.json()["visible"]
    (row,) = landed(tmp_path)
    assert kept.items() <= row.items()


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({**EVENT, "user_id": ""}, "user_id"),
        ({**EVENT, "item_id": "a\nb"}, "item_id"),
        ({**EVENT, "item_id": "x" * 201}, "item_id"),
        ({**EVENT, "occurred_at": "2026-03-01T12:00:00"}, "occurred_at"),
        ({**EVENT, "occurred_at": "0001-01-01T00:00:00+01:00"}, "1900-01-01"),
        ({**EVENT, "occurred_at": "1900-01-01T00:59:59+01:00"}, "1900-01-01"),
        ({**EVENT, "occurred_at": "9999-12-31T23:59:59-05:00"}, "9999-12-31"),
        ({**EVENT, "value": "NaN"}, "value"),
        ({**EVENT, "colour": "red"}, "colour"),
        ({"user_id": "ann"}, "item_id"),
        ([], "at least 1 item"),
        ([EVENT] * 4, "at most 3 items"),
        ("text", "is neither an event nor a list of events"),
    ],
)
def test_what_is_no_event_is_refused_and_not_kept(serving, tmp_path, body, where):
    client = serving(limits=Limits(events_per_request=3))
    answer = client.post("/v1/events", json=body)
    assert answer.status_code == 422
    assert where in json.dumps(problem(answer)["errors"])
    assert landed(tmp_path) == []


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({"user_id": "ann", "event_type": "view"}, "body.item_id is required"),
        ({**EVENT, "colour": "red"}, "body.colour: Extra inputs are not permitted, got 'red'"),
        ([EVENT, {"user_id": "ann", "event_type": "view"}], "body.1.item_id is required"),
        (7, "body is neither an event nor a list of events, got 7"),
    ],
)
def test_one_fault_is_told_once_and_not_as_that_of_another_kind_of_body(serving, body, detail):
    told = problem(serving().post("/v1/events", json=body))
    assert told["detail"] == detail
    assert len(told["errors"]) == 1


def test_a_wrong_time_is_the_only_fault_that_is_told(serving):
    told = problem(serving().post("/v1/events", json={**EVENT, "occurred_at": "yesterday"}))
    assert told["detail"].startswith("body.occurred_at: ")
    assert [fault["where"] for fault in told["errors"]] == ["body.occurred_at"]


def test_broken_json_is_told_with_its_place_and_what_to_send(serving):
    kind = {"content-type": "application/json"}
    told = problem(serving().post("/v1/events", content=b'{"user_id":', headers=kind))
    assert told["status"] == 400
    assert told["detail"] == (
        "body is no JSON (Expecting value, at character 11): send one event or a list of events"
    )
    assert told["errors"][0]["where"] == "body"


def test_one_bad_event_keeps_the_others_out(serving, tmp_path):
    answer = serving().post("/v1/events", json=[EVENT, {**EVENT, "user_id": ""}])
    assert answer.status_code == 422
    assert landed(tmp_path) == []


def test_a_body_that_is_no_json_or_too_large_is_refused(serving):
    client = serving(limits=Limits(body_bytes=1000))
    kind = {"content-type": "application/json"}
    assert problem(client.post("/v1/events", content=b'{"x', headers=kind))["status"] == 400
    assert problem(client.post("/v1/events", content=b"x=1"))["status"] == 415
    assert problem(client.post("/v1/events", json={**EVENT, "x": "y" * 1000}))["status"] == 413
    # Without a length, it is counted while it comes.
    chunks = (b" " * 100 for _ in range(20))
    assert problem(client.post("/v1/events", content=chunks, headers=kind))["status"] == 413


def test_unknown_addresses_and_methods_are_problems(serving):
    client = serving()
    assert "/docs" in problem(client.get("/v2/nothing"))["detail"]
    answer = client.delete("/v1/events")
    assert problem(answer)["status"] == 405
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"x-api-key": "unknown-key-0123456789"}, 401),
        ({"x-api-key": READ}, 403),
        ({"x-api-key": WRITE}, 200),
        ({"authorization": f"Bearer {WRITE}"}, 200),
        ({"authorization": f"Basic {WRITE}"}, 401),
    ],
)
def test_a_key_needs_the_scope_write(serving, headers, status):
    answer = serving(keys=KEYS).post("/v1/events", json=EVENT, headers=headers)
    assert answer.status_code == status
    if status != 200:
        problem(answer)


def test_without_a_key_nothing_is_said_of_what_was_sent(serving):
    client = serving(keys=KEYS)
    kind = {"content-type": "application/json"}
    for body in (b"{", b'{"x": 1}', json.dumps(EVENT).encode()):
        assert problem(client.post("/v1/events", content=body, headers=kind))["status"] == 401
    for path in ("/v1/recommendations/ann?n=999", "/v1/similar/cup?n=0", "/v1/similar/%00"):
        answer = problem(client.get(path))
        assert answer["status"] == 401
        assert "errors" not in answer
        assert client.get(path, headers={"x-api-key": READ}).status_code == 422
        assert client.get(path, headers={"x-api-key": WRITE}).status_code == 403


def test_who_asks_too_often_is_not_told_what_was_wrong(serving):
    client = serving(keys=KEYS, limits=Limits(requests_per_second=1))
    headers = {"x-api-key": WRITE}
    answers = [client.post("/v1/events", json={}, headers=headers) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {422, 429}


def test_metrics_need_the_scope_admin_and_health_needs_none(serving):
    client = serving(keys=KEYS)
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"x-api-key": WRITE}).status_code == 403
    client.post("/v1/events", json=[EVENT, EVENT], headers={"x-api-key": WRITE})
    text = client.get("/metrics", headers={"x-api-key": ADMIN}).text
    assert 'topshelf_events_total{way="http"} 2.0' in text
    assert 'topshelf_requests_total{route="/v1/events",status="200"} 1.0' in text
    assert client.get("/healthz").json()["status"] == "ok"


def test_a_caller_who_asks_too_often_is_told_when_to_come_back(serving):
    client = serving(keys=KEYS, limits=Limits(requests_per_second=3))
    headers = {"x-api-key": WRITE}
    answers = [client.post("/v1/events", json=EVENT, headers=headers) for _ in range(10)]
    assert [answer.status_code for answer in answers[:3]] == [200] * 3
    refused = [answer for answer in answers if answer.status_code == 429]
    assert refused
    assert int(refused[0].headers["retry-after"]) >= 1
    assert "'w'" in problem(refused[0])["detail"]


def test_a_disk_that_fails_is_told_and_nothing_is_acknowledged(serving, monkeypatch):
    client = serving()

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fdatasync", fail)
    answer = client.post("/v1/events", json=EVENT)
    assert problem(answer)["status"] == 503
    assert answer.headers["retry-after"] == "1"
    monkeypatch.undo()
    assert client.post("/v1/events", json=EVENT).status_code == 200


def test_without_an_online_store_events_are_safe_and_said_not_to_be_seen_yet(serving, tmp_path):
    (tmp_path / "recent.db").mkdir()
    answer = serving().post("/v1/events", json=EVENT)
    assert answer.json()["visible"] is False
    assert len(landed(tmp_path)) == 1


def test_a_store_that_fails_in_any_way_does_not_take_an_acknowledgement_back(serving, tmp_path):
    client = serving()

    def fail(_: object) -> None:
        raise ValueError("a value that the store cannot write")

    client.app.state.parts.recent.add = fail
    answer = client.post("/v1/events", json=EVENT)
    assert (answer.status_code, answer.json()["visible"]) == (200, False)
    assert len(landed(tmp_path)) == 1
