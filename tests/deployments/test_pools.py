"""Thread pools of programs that gevent or eventlet has patched: their workers are greenlets."""

from __future__ import annotations

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import Programs


@pytest.mark.parametrize("first", ["patch", "configure"])
@pytest.mark.parametrize("library", ["gevent", "eventlet"])
def test_work_of_pools_of_greenlets_is_below_its_submission(
    programs: Programs, monkeypatch: pytest.MonkeyPatch, library: str, first: str
) -> None:
    with faulty_server() as server:
        monkeypatch.setenv("SERVER", server.url)
        assert programs.run("run_pools", library, first, spool=False, patient=True).stdout == "done"
        assert server.store.names == {"first": 1, "second": 1, "work": 12}
        assert sorted(len(spans) for spans in server.store.traces.values()) == [1, 1, 6, 6]
