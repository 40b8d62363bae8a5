"""Every operation of the contract succeeds, called as users do: with the generated client, sync and async.

How operations fail is in test_errors.py.
"""

from __future__ import annotations

import pytest
from tests.helpers.contract.calling import OPERATIONS, call, connect, prepare
from tests.helpers.contract.cases import Success
from tests.helpers.contract.prepared_server import World
from tests.helpers.contract.success_cases import SUCCESSES

from kayba_local.handlers import HANDLERS

ELSEWHERE = {("deleteTraceFile", 200)}
"""Answers that other servers give and this one does not."""


@pytest.mark.parametrize("case", SUCCESSES, ids=lambda case: case.operation)
def test_success(world: World, case: Success, asynchronous: bool) -> None:
    response = call(
        connect(world.server.url), OPERATIONS[case.operation], prepare(case, world), asynchronous=asynchronous
    )
    assert response.status_code == case.status, response.content
    if case.gives is None:
        assert response.content == b""
    else:
        assert isinstance(response.parsed, case.gives), response.content
        assert case.holds(response.parsed, world), response.content


@pytest.mark.parametrize("id_", OPERATIONS)
def test_every_success_that_the_contract_documents_is_tested(id_: str) -> None:
    documented = {(id_, status) for status in OPERATIONS[id_].statuses if status < 400}
    assert documented - ELSEWHERE == {(case.operation, case.status) for case in SUCCESSES if case.operation == id_}


@pytest.mark.parametrize("id_", OPERATIONS)
def test_every_operation_has_a_handler(id_: str) -> None:
    assert id_ in HANDLERS
