"""Pagination: a list is iterated over as one, and its pages are fetched on demand."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from tests.helpers.client_kinds import Subject
from tests.helpers.faulty_server import FakeResponse, FaultyServer, Request, faulty_server

from kayba_api import APIResponseValidationError, AsyncPage, InternalServerError, Page
from kayba_local import LocalServer

Make = Callable[..., Subject]


def experiment(number: int) -> dict[str, Any]:
    return {
        "experiment_id": str(number),
        "name": f"e{number}",
        "artifact_location": "a",
        "lifecycle_stage": "active",
        "colour": "of a newer server",
    }


def in_pages_of(size: int, total: int) -> Callable[[Request], FakeResponse]:
    """Return a rule that responds to a search with one page of experiments."""

    def rule(request: Request) -> FakeResponse:
        start = int(json.loads(request.body).get("page_token", 0))
        page: dict[str, Any] = {"experiments": [experiment(n) for n in range(start, min(start + size, total))]}
        if start + size < total:
            page["next_page_token"] = str(start + size)
        return FakeResponse(body=json.dumps(page).encode())

    return rule


def create(subject: Subject, name: str) -> None:
    subject(lambda c: c.experiments.create(name=name))


def sent(server: FaultyServer) -> list[Any]:
    return [json.loads(body) for *_, body in server.requests]


def test_iteration_covers_all_pages_with_the_same_query(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules.append(in_pages_of(2, 5))
        items = kayba(base_url=server.url).items(lambda c: c.experiments.search(filter="name = 'e'", max_results=2))
    assert [item.name for item in items] == ["e0", "e1", "e2", "e3", "e4"]
    assert items[0].additional_properties == {"colour": "of a newer server"}
    query = {"filter": "name = 'e'", "max_results": 2}
    assert sent(server) == [query, {**query, "page_token": "2"}, {**query, "page_token": "4"}]


def test_pages_are_fetched_on_demand(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules.append(in_pages_of(2, 5))
        subject = kayba(base_url=server.url)
        page = subject(lambda c: c.experiments.search())
        assert isinstance(page, Page | AsyncPage)
        assert ([item.name for item in page.items], page.has_next_page, len(sent(server))) == (["e0", "e1"], True, 1)
        page = subject(lambda _: page.next_page())
        page = subject(lambda _: page.next_page())
        assert ([item.name for item in page.items], page.has_next_page, page.next_page_token) == (["e4"], False, None)
        with pytest.raises(ValueError, match="last page"):
            subject(lambda _: page.next_page())
    assert len(server.requests) == 3


def test_pages_iterates_over_the_pages(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules.append(in_pages_of(2, 3))
        subject = kayba(base_url=server.url)
        first = subject(lambda c: c.experiments.search())
        pages = subject.items(lambda _: first.pages())
    assert [[item.name for item in page.items] for page in pages] == [["e0", "e1"], ["e2"]]


def test_a_list_starts_at_a_given_token(kayba: Make) -> None:
    with faulty_server() as server:
        server.rules.append(in_pages_of(2, 5))
        items = kayba(base_url=server.url).items(lambda c: c.experiments.search(page_token="4"))
    assert [item.name for item in items] == ["e4"]


def test_pages_without_items_are_skipped(kayba: Make) -> None:
    pages = [b'{"next_page_token": "1"}', b'{"experiments": [], "next_page_token": "2"}', b"{}"]
    with faulty_server(*(FakeResponse(body=page) for page in pages)) as server:
        assert kayba(base_url=server.url).items(lambda c: c.experiments.search()) == []
    assert len(server.requests) == 3


@pytest.mark.parametrize("end", [b"{}", b'{"next_page_token": ""}', b'{"next_page_token": null}'])
def test_a_list_ends_without_a_token(kayba: Make, end: bytes) -> None:
    with faulty_server(FakeResponse(body=end)) as server:
        assert kayba(base_url=server.url).items(lambda c: c.experiments.search()) == []
    assert len(server.requests) == 1


def test_a_repeated_token_raises(kayba: Make) -> None:
    with (
        faulty_server(FakeResponse(body=b'{"next_page_token": "1"}')) as server,
        pytest.raises(APIResponseValidationError, match="page token '1'"),
    ):
        kayba(base_url=server.url).items(lambda c: c.experiments.search())
    assert len(server.requests) == 2


def test_call_options_apply_to_every_page(kayba: Make) -> None:
    answers = [FakeResponse(body=b'{"next_page_token": "1"}'), FakeResponse(500, b"")]
    with faulty_server(*answers) as server, pytest.raises(InternalServerError):
        kayba(base_url=server.url).items(lambda c: c.experiments.search(extra_headers={"X-Team": "a"}, max_retries=1))
    assert [headers["X-Team"] for _, _, headers, _ in server.requests] == ["a"] * 3


def test_experiments_of_a_real_server_are_listed(kayba: Make, kayba_server: LocalServer) -> None:
    subject = kayba(base_url=kayba_server.url)
    for number in range(5):
        create(subject, f"e{number}")
    listed = subject.items(lambda c: c.experiments.search(max_results=2, order_by=["name ASC"]))
    assert [item.name for item in listed] == ["Default", "e0", "e1", "e2", "e3", "e4"]
    assert len(subject(lambda c: c.experiments.search(max_results=2)).items) == 2
