"""Errors of the operations: every documented error status occurs, in the envelope of the contract.

The tests are derived from the contract. `test_every_documented_error_has_a_case` fails for a documented status that no
case causes.
"""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import pytest
from tests.helpers.contract.cases import ErrorCase
from tests.helpers.contract.error_cases import ERROR_CASES
from tests.helpers.contract.failing_server import HANDLERS, RETRY_AFTER_S, failing_server
from tests.helpers.contract.operation_calls import (
    FIRST_SUCCESS,
    OPERATIONS,
    assert_error,
    call,
    connect,
    prepare,
)
from tests.helpers.contract.prepared_server import Operation, PreparedServer

from kayba_api import Client, EncodedBody

Arguments = dict[str, Any]


def with_a_wrong_key(url: str, operation: Operation, arguments: Arguments) -> Client:
    return connect(url, api_key="kb-wrong")


def from_another_site(url: str, operation: Operation, arguments: Arguments) -> Client:
    return connect(url, Origin="https://example.com")


def with_a_body_over_the_cap(url: str, operation: Operation, arguments: Arguments) -> Client:
    cap = operation.body_cap or 0
    if isinstance(arguments["body"], EncodedBody) or operation.id == "exportTraces":
        body = bytearray(b" " * (cap + 1))
        # A body that is compressed more than 100:1 is refused for that.
        body[::50] = random.Random(0).randbytes(len(body[::50]))
        arguments["body"] = EncodedBody(gzip.compress(body, 1), "application/json", "gzip")
    else:
        arguments["body"]["padding"] = "x" * cap
    return connect(url)


def with_a_body_of_another_type(url: str, operation: Operation, arguments: Arguments) -> Client:
    if isinstance(arguments["body"], EncodedBody):
        arguments["body"] = EncodedBody(b"<spans/>", "text/xml")
    return connect(url, **{"Content-Type": "text/xml"})


REQUEST_CHANGES: Mapping[int, tuple[Callable[[str, Operation, Arguments], Client], Callable[[Operation], str]]] = {
    401: (with_a_wrong_key, lambda operation: "key"),
    403: (from_another_site, lambda operation: "Origin"),
    413: (with_a_body_over_the_cap, lambda operation: f"{operation.body_cap:,}"),
    415: (with_a_body_of_another_type, lambda operation: "text/xml"),
}
"""By status: the change of a successful call that causes it, and a part of the error message."""

DOCUMENTED = [(id_, status) for id_, operation in OPERATIONS.items() for status in sorted(operation.statuses)]


def documented(*statuses: int) -> list[Any]:
    """Return each operation that documents one of the statuses, with the status."""
    pairs = [(id_, status) for id_, status in DOCUMENTED if status in statuses]
    return [pytest.param(id_, status, id=f"{id_} {status}") for id_, status in pairs]


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[int, str]]:
    """Return the URL of a failing server for each status."""
    with ExitStack() as running:
        yield {
            status: running.enter_context(failing_server(status, tmp_path_factory.mktemp(f"{status}")))
            for status in HANDLERS
        }


@pytest.mark.parametrize("case", ERROR_CASES, ids=lambda case: f"{case.operation} {case.status}")
def test_wrong_arguments_cause_the_error(world: PreparedServer, case: ErrorCase, asynchronous: bool) -> None:
    arguments = prepare(case, world)
    response = call(connect(world.server.url), OPERATIONS[case.operation], arguments, asynchronous=asynchronous)
    assert_error(response, case.status, case.message_part)


@pytest.mark.parametrize(("id_", "status"), documented(*REQUEST_CHANGES))
def test_a_wrong_request_causes_the_error(world: PreparedServer, id_: str, status: int, asynchronous: bool) -> None:
    operation, arguments = OPERATIONS[id_], prepare(FIRST_SUCCESS[id_], world)
    change, message_part = REQUEST_CHANGES[status]
    client = change(world.server.url, operation, arguments)
    assert_error(call(client, operation, arguments, asynchronous=asynchronous), status, message_part(operation))


@pytest.mark.parametrize(("id_", "status"), documented(*HANDLERS))
def test_a_failing_server_causes_the_error(
    world: PreparedServer, failing: Mapping[int, str], id_: str, status: int, asynchronous: bool
) -> None:
    operation, arguments = OPERATIONS[id_], prepare(FIRST_SUCCESS[id_], world)
    response = call(connect(failing[status]), operation, arguments, asynchronous=asynchronous)
    assert_error(response, status, {429: "Too many", 500: "log", 501: id_}[status])
    assert response.headers.get("Retry-After") == (f"{RETRY_AFTER_S}" if status == 429 else None)


@pytest.mark.parametrize(("id_", "status"), documented(*range(400, 600)))
def test_every_documented_error_has_a_case(id_: str, status: int) -> None:
    by_arguments = any((case.operation, case.status) == (id_, status) for case in ERROR_CASES)
    assert status in {*REQUEST_CHANGES, *HANDLERS} or by_arguments


@pytest.mark.parametrize("case", ERROR_CASES, ids=lambda case: f"{case.operation} {case.status}")
def test_every_error_case_is_documented(case: ErrorCase) -> None:
    assert (case.operation, case.status) in DOCUMENTED
