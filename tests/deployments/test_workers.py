"""Workers of joblib and Dask: they get traced functions of the main program by value, with cloudpickle."""

from __future__ import annotations

import pytest
from tests.helpers.faulty_server import faulty_server
from tests.helpers.programs import Programs


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ("run_joblib", {"run": 20, "work": 20, "step": 20}),
        ("run_dask", {"work": 20, "step": 20}),
    ],
)
def test_functions_of_the_main_program_trace_in_workers(
    programs: Programs, spool: bool, monkeypatch: pytest.MonkeyPatch, program: str, names: dict[str, int]
) -> None:
    with faulty_server() as server:
        monkeypatch.setenv("KAYBA_API_KEY", "kb-test")
        monkeypatch.setenv("KAYBA_API_URL", server.url)
        assert programs.run(program, spool=spool, patient=True).stdout == "done"
        assert server.store.names == names
        assert set(server.store.arrivals.values()) == {1}
