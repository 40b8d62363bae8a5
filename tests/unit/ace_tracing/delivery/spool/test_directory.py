"""The spool uses only folders and files that no other user can change, and follows no link that is put there."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.helpers.ended_process import EndedProcess
from tests.helpers.programs import wait_for

import ace_tracing
from ace_tracing import diagnostics
from ace_tracing.delivery.spool.directory import Directory
from ace_tracing.delivery.spool.trust import UnsafeError
from kayba_local import LocalServer

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs POSIX modes, links and pipes")
as_root = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give files away")

OTHER_USER = 65534


@pytest.fixture
def spool_folder() -> Path:
    """The spool of this test."""
    return Path(os.environ["KAYBA_SPOOL_DIR"])


@pytest.fixture(autouse=True)
def _forget_warnings() -> None:
    diagnostics._last_warned.clear()


@pytest.fixture
def left_folder(kayba_server: LocalServer, spool_folder: Path) -> Path:
    """The folder of an ended process with a trace."""
    process = EndedProcess(spool_folder, kayba_server.url)
    process.trace("left")
    return process.kill()


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    """A file of the user's outside the spool."""
    path = tmp_path / "notes"
    path.write_text("mine")
    return path


def trace_and_flush(url: str) -> ace_tracing.TracingStatus:
    """Trace once, deliver all, and return the status."""
    ace_tracing.configure(api_key="kb-test", base_url=url)
    with ace_tracing.start_span("own"):
        pass
    assert ace_tracing.flush(60)
    status = ace_tracing.tracing_status()
    ace_tracing.shutdown()
    return status


def recover_after_all_others(url: str, spool_folder: Path) -> set[str]:
    """Deliver all that can be, and return the names of the stored traces once every folder was looked at."""
    last = EndedProcess(spool_folder, url)
    last.trace("last")
    # The folders are recovered in the order of their times.
    last.kill(changed_days_ago=-1)
    ace_tracing.configure(api_key="kb-test", base_url=url)
    wait_for(lambda: any(trace.data.spans[0].name == "last" for trace in ace_tracing.search_traces()))
    names = {trace.data.spans[0].name for trace in ace_tracing.search_traces()}
    ace_tracing.shutdown()
    return names


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777])
def test_spool_that_others_can_write_to_is_refused_with_one_warning(
    kayba_server: LocalServer, spool_folder: Path, caplog: pytest.LogCaptureFixture, mode: int
) -> None:
    spool_folder.mkdir()
    spool_folder.chmod(mode)
    status = trace_and_flush(kayba_server.url)
    assert (status.delivered, status.spool) == (1, None)
    (warning,) = warnings_of(caplog)
    assert "other users can write to" in warning
    assert "chmod go-w" in warning
    assert list(spool_folder.iterdir()) == []


@as_root
@pytest.mark.parametrize("level", [0, 1, 2])
def test_folder_of_another_user_is_neither_read_nor_written(
    kayba_server: LocalServer, spool_folder: Path, left_folder: Path, caplog: pytest.LogCaptureFixture, level: int
) -> None:
    theirs = [spool_folder, left_folder.parents[1], left_folder.parents[0]][level]
    os.chown(theirs, OTHER_USER, OTHER_USER)
    before = sorted(spool_folder.rglob("*"))
    status = trace_and_flush(kayba_server.url)
    assert (status.delivered, status.recovered) == (1, 0)
    assert sorted(spool_folder.rglob("*")) == before
    assert len(warnings_of(caplog)) >= 1


@as_root
@pytest.mark.parametrize("name", ["", "lock", "1.segment"])
def test_forged_traces_of_another_user_are_not_sent(
    kayba_server: LocalServer, spool_folder: Path, left_folder: Path, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    os.chown(left_folder / name, OTHER_USER, OTHER_USER)
    assert recover_after_all_others(kayba_server.url, spool_folder) == {"last"}
    assert len(warnings_of(caplog)) == 1


@pytest.mark.parametrize("name", ["lock", "progress", "progress.new", "1.segment"])
@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_planted_link_changes_no_file_outside_the_spool(
    kayba_server: LocalServer,
    spool_folder: Path,
    left_folder: Path,
    users_file: Path,
    name: str,
    link: Callable[[Path, Path], None],
) -> None:
    (left_folder / name).unlink(missing_ok=True)
    link(users_file, left_folder / name)
    assert "last" in recover_after_all_others(kayba_server.url, spool_folder)
    assert users_file.read_text() == "mine"


@pytest.mark.parametrize("name", ["lock", "progress", "progress.new", "1.segment", "2.segment"])
def test_planted_pipe_does_not_stop_the_delivery(
    kayba_server: LocalServer, spool_folder: Path, left_folder: Path, name: str
) -> None:
    (left_folder / name).unlink(missing_ok=True)
    os.mkfifo(left_folder / name)
    assert "last" in recover_after_all_others(kayba_server.url, spool_folder)


def test_link_in_place_of_a_folder_is_not_followed(
    kayba_server: LocalServer, spool_folder: Path, left_folder: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    shutil.move(left_folder, outside)
    left_folder.symlink_to(outside)
    content = {path.name: path.read_bytes() for path in outside.iterdir()}
    assert recover_after_all_others(kayba_server.url, spool_folder) == {"last"}
    assert {path.name: path.read_bytes() for path in outside.iterdir()} == content


def test_link_in_place_of_the_keys_folder_is_refused(
    kayba_server: LocalServer, left_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    key, outside = left_folder.parent, tmp_path / "outside"
    shutil.move(key, outside)
    key.symlink_to(outside)
    before = sorted(outside.rglob("*"))
    assert trace_and_flush(kayba_server.url).recovered == 0
    assert sorted(outside.rglob("*")) == before
    assert any("is a link or no folder" in warning for warning in warnings_of(caplog))


def test_own_link_to_the_spool_is_followed(kayba_server: LocalServer, spool_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    spool_folder.symlink_to(tmp_path / "disk")
    assert trace_and_flush(kayba_server.url).spool == str(spool_folder)


@as_root
def test_another_users_link_to_the_spool_is_refused(spool_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    spool_folder.symlink_to(tmp_path / "disk")
    os.lchown(spool_folder, OTHER_USER, OTHER_USER)
    with pytest.raises(UnsafeError, match="another user's link"):
        Directory(str(spool_folder)).create()


def test_new_folder_in_a_shared_one_is_used(
    kayba_server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    monkeypatch.setenv("KAYBA_SPOOL_DIR", str(shared / "mine"))
    assert trace_and_flush(kayba_server.url).spool == str(shared / "mine")
    assert stat.S_IMODE((shared / "mine").stat().st_mode) == 0o700


IN_DELETED_FOLDER = """
import os, sys, tempfile
import httpx  # 3.13.0 cannot import its C modules in a deleted folder
import ace_tracing
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
ace_tracing.configure(api_key="kb-test", base_url=sys.argv[1])
with ace_tracing.start_span("traced"):
    pass
print(bool(ace_tracing.flush(60)), ace_tracing.tracing_status().spool is not None)
"""


@pytest.mark.parametrize(("path", "is_spooled"), [("relative", False), ("{tmp_path}/absolute", True)])
def test_configure_in_a_deleted_folder_raises_nothing(
    kayba_server: LocalServer, tmp_path: Path, path: str, is_spooled: bool
) -> None:
    environment = {**os.environ, "KAYBA_SPOOL_DIR": path.format(tmp_path=tmp_path)}
    command = [sys.executable, "-c", IN_DELETED_FOLDER, kayba_server.url]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.stdout == f"True {is_spooled}\n", done.stderr
    assert ("set KAYBA_SPOOL_DIR" in done.stderr) is not is_spooled
