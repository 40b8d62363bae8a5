"""Successes of the operations: every documented success status, with the generated client, sync and async.

The errors are in test_errors.py.
"""

from __future__ import annotations

import pytest
from tests.helpers.contract.cases import SuccessCase
from tests.helpers.contract.operation_calls import OPERATIONS, call, connect, prepare
from tests.helpers.contract.prepared_server import PreparedServer
from tests.helpers.contract.success_cases import SUCCESS_CASES

from kayba_local.handlers import HANDLERS

OTHER_SERVERS_ONLY = {("deleteTraceFile", 200)}
"""Documented responses that kayba-local never sends."""


@pytest.mark.parametrize("case", SUCCESS_CASES, ids=lambda case: case.operation)
def test_the_operation_succeeds(world: PreparedServer, case: SuccessCase, asynchronous: bool) -> None:
    response = call(
        connect(world.server.url), OPERATIONS[case.operation], prepare(case, world), asynchronous=asynchronous
    )
    assert response.status_code == case.status, response.content
    if case.returns is None:
        assert response.content == b""
    else:
        assert isinstance(response.parsed, case.returns), response.content
        assert case.holds(response.parsed, world), response.content


@pytest.mark.parametrize("id_", OPERATIONS)
def test_every_documented_success_has_a_case(id_: str) -> None:
    documented = {(id_, status) for status in OPERATIONS[id_].statuses if status < 400}
    assert documented - OTHER_SERVERS_ONLY == {
        (case.operation, case.status) for case in SUCCESS_CASES if case.operation == id_
    }


@pytest.mark.parametrize("id_", OPERATIONS)
def test_every_operation_has_a_handler(id_: str) -> None:
    assert id_ in HANDLERS
