"""The contract of the pages: every operation has a handler, and an example in mock mode."""

from __future__ import annotations

import httpx
import pytest
from tests.unit.kayba_local.explore.conftest import EXPLORE

import kayba_local
from kayba_local.contract import Operation, load_explore
from kayba_local.handlers.explore import EXPLORE_HANDLERS

OPERATIONS = load_explore().operations
REQUIRED = {"q": "refund", "session": "session-17", "a": "tr-1", "b": "tr-2", "filter": "status = 'OK'"}


def test_every_operation_has_a_handler() -> None:
    assert set(EXPLORE_HANDLERS) == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda operation: operation.id)
def test_mock_mode_sends_the_example(operation: Operation) -> None:
    (media_type,) = operation.responses[operation.success_status]
    example = operation.responses[operation.success_status][media_type]
    path = operation.path.replace("{name}", "inputs").replace("{experiment_id}", "3")
    with kayba_local.serve(mock=True) as server, httpx.Client(base_url=f"{server.url}{EXPLORE}") as client:
        answer = client.request(operation.method, path, params=REQUIRED, json={} if operation.bodies else None)
    if not example.has_example:
        assert answer.status_code == 501
        return
    assert answer.status_code == 200
    assert answer.json() == example.example
