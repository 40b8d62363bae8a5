"""An orphaned spool is read again, whole, by exactly one other process."""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.helpers.programs import wait_for

import ace_tracing
from ace_tracing.delivery.dispatch import BATCH_BYTES
from ace_tracing.delivery.http.results import Delivered, ExportResult
from ace_tracing.delivery.otlp.encoder import ExportRequest
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.log import OwnLog
from ace_tracing.delivery.spool.orphaned_log import OrphanedLog
from ace_tracing.delivery.spool.orphans import OrphanedSpool
from ace_tracing.delivery.spool.progress import Progress
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.delivery.worker import Worker
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.feedback import Feedback
from ace_tracing.recording.span import LiveSpan
from ace_tracing.recording.tracer import Tracer
from ace_tracing.settings import spool_home
from kayba_local import LocalServer

READ_BYTES = 1024


def make(home: Path, key: str = "kb-a", address: str = "http://a") -> tuple[Spool, Buffer]:
    spool = Spool(str(home), address, key)
    memory = MemoryStorage(2 * SEGMENT_BYTES)
    failures: list[OSError] = []
    return spool, Buffer(spool, memory, failures.append)


def trace(tracer: Tracer, name: str, children: int = 0) -> LiveSpan:
    root = tracer.open(CallSite(name, "AGENT"), b'{"n":1}', None)
    for number in range(children):
        tracer.open(CallSite(f"{name}.{number}", "TOOL"), parent=root).end()
    return root


def copy_spool(home: Path, to: Path) -> Path:
    """Copy the spool as it would be if the process were killed now."""
    shutil.copytree(home, to)
    return to


def read_orphans(home: Path, key: str = "kb-a", address: str = "http://a") -> dict[str, list[str]]:
    """Return the names and statuses of the spans in orphaned spools, by trace."""
    found: dict[str, list[str]] = {}
    for folder in Spool(str(home), address, key).other_folders():
        orphan = OrphanedSpool.recover(folder)
        assert orphan is not None
        log = OrphanedLog(orphan)
        while not log.is_read:
            for ready in log.read(READ_BYTES):
                names = [f"{span.name} {span.status}" for span in ready.trace.spans]
                found[ready.trace.trace_id] = found.get(ready.trace.trace_id, []) + names
            log.settle(log.mark())
    return found


def test_traces_survive_a_kill_and_are_removed_once_settled(tmp_path: Path) -> None:
    _, buffer = make(tmp_path / "spool")
    tracer = Tracer(buffer)
    trace(tracer, "done", children=2).end()
    trace(tracer, "running", children=1)
    dead = copy_spool(tmp_path / "spool", tmp_path / "dead")
    assert sorted(read_orphans(dead).values()) == [
        ["done.0 OK", "done.1 OK", "done OK"],
        ["running.0 OK", "running ERROR"],
    ]
    assert not list(dead.iterdir())


def test_a_request_of_recovered_traces_has_about_a_megabyte(tmp_path: Path) -> None:
    _, buffer = make(tmp_path / "spool")
    tracer = Tracer(buffer)
    for _ in range(20):
        tracer.open(CallSite("large", "TOOL"), b'"%b"' % (b"x" * 200_000), None).end()
    spool, own = make(copy_spool(tmp_path / "spool", tmp_path / "dead"))
    sizes: list[int] = []

    class Exporter:
        def send(self, batch: ExportRequest) -> ExportResult:
            sizes.append(sum(len(frame) for one in batch.traces for entry in one.entries for frame in entry))
            return Delivered()

        def send_feedback(self, feedback: Feedback, *, is_repeated: bool) -> ExportResult | None:
            return Delivered()

        def close(self) -> None:
            """Do nothing."""

    worker = Worker(Exporter(), own, spool)
    worker.start()
    wait_for(lambda: worker.status().recovered == 20)
    worker.close(10)
    assert max(sizes) < 2 * BATCH_BYTES


def test_folder_of_a_running_process_is_not_recovered(tmp_path: Path) -> None:
    _, buffer = make(tmp_path)
    trace(Tracer(buffer), "mine").end()
    (folder,) = Spool(str(tmp_path), "http://a", "kb-a").other_folders()
    assert OrphanedSpool.recover(folder) is None


@pytest.mark.parametrize(("key", "address"), [("kb-b", "http://a"), ("kb-a", "http://b")])
def test_traces_for_another_key_or_address_are_not_recovered(tmp_path: Path, key: str, address: str) -> None:
    _, buffer = make(tmp_path / "spool")
    trace(Tracer(buffer), "theirs").end()
    dead = copy_spool(tmp_path / "spool", tmp_path / "dead")
    assert not read_orphans(dead, key, address)
    assert len(read_orphans(dead)) == 1


def test_traces_for_a_rejected_key_are_recovered_by_the_next_key(tmp_path: Path) -> None:
    spool, buffer = make(tmp_path / "spool")
    trace(Tracer(buffer), "kept").end()
    spool.mark_key_rejected(True)
    dead = copy_spool(tmp_path / "spool", tmp_path / "dead")
    assert len(read_orphans(dead, "kb-b")) == 1


@pytest.mark.skipif(os.name != "posix", reason="needs POSIX modes")
def test_spool_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    _, buffer = make(tmp_path / "new" / "spool")
    trace(Tracer(buffer), "private").end()
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new").rglob("*")}
    assert modes == {True: 0o700, False: 0o600}


def test_missing_home_directory_raises_an_error_with_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OSError, match="set KAYBA_SPOOL_DIR"):
        Spool("~/kayba", "http://a", "kb-a").make_segment()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(sys.platform != "linux", reason="other systems use another folder")
def test_default_folder_is_the_state_folder_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert spool_home() == str(tmp_path / "spool")
    monkeypatch.delenv("KAYBA_SPOOL_DIR")
    monkeypatch.setenv("XDG_STATE_HOME", "/state")
    assert spool_home() == "/state/kayba/spool"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert spool_home() == "/home/someone/.local/state/kayba/spool"


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    st.lists(st.sampled_from(["trace", "open", "close", "read", "settle", "big"]), max_size=40),
    st.integers(0, 40),
    st.randoms(use_true_random=False),
)
def test_kill_at_any_step_loses_and_interrupts_no_finished_trace(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str], death: int, chance: random.Random
) -> None:
    home = tmp_path_factory.mktemp("spool")
    spool, buffer = make(home / "live")
    log = OwnLog(buffer, spool)
    tracer = Tracer(buffer)
    open_roots: list[tuple[str, LiveSpan]] = []
    finished: set[str] = set()
    read: set[str] = set()
    settled: set[str] = set()
    for number, step in enumerate(steps[:death]):
        if step in ("trace", "big"):
            inputs = b'"%b"' % (b"x" * (3_000_000 if step == "big" else 10))
            root = tracer.open(CallSite(f"t{number}", "AGENT"), inputs, None)
            root.end()
            finished.add(root.trace_id)
        elif step == "open":
            open_roots.append((f"o{number}", tracer.open(CallSite(f"o{number}", "AGENT"), None, None)))
        elif step == "close" and open_roots:
            _, root = open_roots.pop(chance.randrange(len(open_roots)))
            root.end()
            finished.add(root.trace_id)
        elif step == "read":
            read |= {f"tr-{ready.trace.trace_id}" for ready in log.read(READ_BYTES) if ready.is_counted}
        elif step == "settle":
            log.settle()
            settled |= read
    orphaned = (
        {f"tr-{trace_id}": spans for trace_id, spans in read_orphans(copy_spool(home / "live", home / "dead")).items()}
        if (home / "live").exists()
        else {}
    )
    assert finished <= settled | orphaned.keys()
    assert {trace_id for trace_id, spans in orphaned.items() if any("ERROR" in span for span in spans)} == {
        root.trace_id for _, root in open_roots
    }


@given(st.integers(0, 2**60), st.integers(0, 2**60), st.lists(st.binary(max_size=50), max_size=5))
def test_progress_is_decoded_unchanged_and_never_raises(low: int, high: int, starts: list[bytes]) -> None:
    progress = Progress(low, high, tuple(starts))
    assert Progress.decode(progress.encode()) == progress
    for cut in range(len(progress.encode())):
        Progress.decode(progress.encode()[:cut])


def damage(kind: str, path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    used = len(content.rstrip(b"\0"))
    at = chance.randrange(32, used)
    if kind == "flip":
        content[at] ^= 1 << chance.randrange(8)
    elif kind == "zeros":
        content[at : at + 100] = bytes(len(content[at : at + 100]))
    elif kind == "noise":
        content[at : at + 100] = chance.randbytes(len(content[at : at + 100]))
    else:
        del content[at:]
    path.write_bytes(content)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(kind=st.sampled_from(["flip", "zeros", "noise", "cut"]), chance=st.randoms(use_true_random=False))
def test_whole_frames_of_a_damaged_segment_are_recovered(
    tmp_path_factory: pytest.TempPathFactory, kind: str, chance: random.Random
) -> None:
    home = tmp_path_factory.mktemp("spool")
    _, buffer = make(home / "live")
    tracer = Tracer(buffer)
    for number in range(50):
        trace(tracer, f"t{number}").end()
    dead = copy_spool(home / "live", home / "dead")
    (segment,) = dead.rglob("*.segment")
    damage(kind, segment, chance)
    found = read_orphans(dead)
    whole = [spans for spans in found.values() if len(spans) == 1 and spans[0].endswith(" OK")]
    if kind == "cut":
        assert len(whole) <= 50
    else:
        # The 100 bytes belong to a few frames, and a damaged length among them may skip a few more.
        assert len(whole) >= 40


PROGRAM = """
import os, sys
import ace_tracing
ace_tracing.configure(api_key="kb-test", base_url=sys.argv[1])
with ace_tracing.start_span("outer"):
    with ace_tracing.start_span("done"):
        pass
    with ace_tracing.start_span("inner", attributes={"kept": 1}) as inner:
        inner.set_inputs("lost: it was set after the start")
        os._exit(7)
"""


def test_spans_open_at_a_crash_arrive_as_interrupted(
    kayba_server: LocalServer, wait_until: Callable[[Callable[[], bool]], None]
) -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM, kayba_server.url], capture_output=True, timeout=300)
    assert done.returncode == 7, done.stderr
    ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)
    wait_until(lambda: ace_tracing.tracing_status().recovered == 1)
    (found,) = ace_tracing.search_traces()
    assert found.info.state == "ERROR"
    states = {span.name: span.status.status_code for span in found.data.spans}
    assert states == {"outer": "ERROR", "inner": "ERROR", "done": "OK"}
    (inner,) = found.find("inner")
    assert inner.attributes["span.interrupted"] is True
    assert inner.attributes["kept"] == 1
    assert "interrupted" in str(inner.status.description)
    ace_tracing.shutdown()
