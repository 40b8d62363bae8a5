"""Commands for upkeep: output, exit codes and errors of one line; options of `serve`."""

from __future__ import annotations

import os
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from tests.helpers.server_process import run_server

from kayba_local.cli import main
from kayba_local.store import experiments
from kayba_local.store.database import Database


@pytest.fixture
def store(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'kayba.db'}"
    with closing(Database.open(url)) as db:
        experiments.create(db, "mine", {})
        with db.write() as tx:
            tx.run("INSERT INTO traces (trace_id, experiment, request_ns, state, declared) VALUES ('a', 1, 1, 'OK', 0)")
    return url


def names(url: str) -> list[str]:
    with closing(Database.open(url)) as db, db.read() as tx:
        return [row["name"] for row in tx.rows("SELECT name FROM experiments ORDER BY id")]


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Run a command that fails, and return its error of one line."""
    assert main(arguments) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("kayba-local: ")
    return err


def test_backup_and_restore_print_the_file(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy.db"
    assert main(["backup", str(copy), "--store", store]) == 0
    assert capsys.readouterr().out == f"{copy}: {copy.stat().st_size:,} bytes\n"
    target = f"sqlite:///{tmp_path / 'target.db'}"
    assert main(["restore", str(copy), "--store", target]) == 0
    assert names(target) == ["Default", "mine"]
    capsys.readouterr()
    assert "--force" in fail(capsys, "restore", str(copy), "--store", store)
    assert "--force" in fail(capsys, "backup", str(copy), "--store", store)


def test_compact_prints_the_sizes(store: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compact", "--store", store]) == 0
    assert "bytes before" in capsys.readouterr().out


def test_a_missing_store_is_an_error_and_is_not_created(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = tmp_path / "missing.db"
    monkeypatch.setenv("KAYBA_LOCAL_STORE", f"sqlite:///{missing}")
    for arguments in (["compact"], ["backup", "x.db"], ["delete-experiment", "mine", "--yes"]):
        assert str(missing) in fail(capsys, *arguments)
    assert not missing.exists()
    assert "sqlite:///" in fail(capsys, "compact", "--store", "sqlite:///:memory:")


def test_delete_experiment_asks_first(
    store: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "--yes" in fail(capsys, "delete-experiment", "mine", "--store", store)
    assert "theirs" in fail(capsys, "delete-experiment", "theirs", "--store", store)
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(sys.stdin, "readline", lambda: "n\n", raising=False)
    assert main(["delete-experiment", "mine", "--store", store]) == 1
    assert "nothing was deleted" in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "readline", lambda: "y\n", raising=False)
    assert main(["delete-experiment", "mine", "--store", store]) == 0
    assert capsys.readouterr().out == "mine: deleted with 1 traces\n"
    assert names(store) == ["Default"]
    assert main(["delete-experiment", "Default", "--yes", "--store", store]) == 1


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--keep-days", "0"),
        ("--keep-days", "soon"),
        ("--keep-bytes", "0"),
        ("--keep-bytes", "12 parsecs"),
        ("--interrupted-after", "24"),
        ("--interrupted-after", "0h"),
    ],
)
def test_an_invalid_limit_is_wrong_usage(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        main(["serve", option, value])
    assert exit_info.value.code == 2
    assert value in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "\n", b"\xff\xfe"])
def test_a_key_file_without_a_key_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | bytes | None
) -> None:
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert main(["serve", "--port", "0", "--api-key-file", str(path)]) == 2
    assert str(path) in capsys.readouterr().err


def test_the_key_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("kb-key\n")
    store = f"sqlite:///{tmp_path / 'kayba.db'}"
    with run_server("--api-key-file", str(path), "--store", store) as (_, url):
        assert httpx.get(f"{url}/api/traces").status_code == 401
        assert httpx.get(f"{url}/api/traces", headers={"Authorization": "Bearer kb-key"}).status_code == 200


@pytest.mark.skipif(os.name != "posix", reason="Windows does not have SIGTERM")
def test_a_server_deletes_old_traces_and_logs_one_line(store: str) -> None:
    with run_server("--store", store, KAYBA_LOCAL_KEEP_DAYS="30") as (process, _):
        assert process.stderr is not None
        line = process.stderr.readline()
    assert line.startswith("kayba-local: INFO: deleted 1 trace, oldest first, started from 1970-01-01T00:00:00Z")
    with closing(Database.open(store)) as db, db.read() as tx:
        assert tx.rows("SELECT * FROM traces") == []
