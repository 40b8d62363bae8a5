"""Fixtures of the operations' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.helpers.contract.operation_calls import KEY
from tests.helpers.contract.prepared_server import PreparedServer

import kayba_local
from kayba_local import LocalServer


@pytest.fixture(scope="package")
def server() -> Iterator[LocalServer]:
    with kayba_local.serve(api_key=KEY) as running:
        yield running


@pytest.fixture
def world(server: LocalServer) -> Iterator[PreparedServer]:
    with PreparedServer(server) as made:
        yield made


@pytest.fixture(params=["sync", "async"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "async")
