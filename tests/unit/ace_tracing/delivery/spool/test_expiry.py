"""Traces of ended processes are dropped a week after their own times, and not after those of their files."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.helpers.ended_process import EndedProcess

import ace_tracing
from ace_tracing import TracingStatus
from ace_tracing.delivery.ledger import EXPIRED, EXPIRED_FEEDBACK
from ace_tracing.delivery.spool import expiry
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES
from kayba_local import LocalServer


@pytest.fixture
def spool_folder() -> Path:
    """The spool of this test."""
    return Path(os.environ["KAYBA_SPOOL_DIR"])


@pytest.fixture
def recover(
    kayba_server: LocalServer, wait_until: Callable[[Callable[[], bool]], None]
) -> Iterator[Callable[[int], TracingStatus]]:
    """Configures tracing, and returns the status once so many traces are recovered or dropped."""

    def run(count: int) -> TracingStatus:
        ace_tracing.configure(api_key="kb-test", base_url=kayba_server.url)

        def is_done() -> bool:
            status = ace_tracing.tracing_status()
            return status.recovered + status.dropped >= count

        wait_until(is_done)
        return ace_tracing.tracing_status()

    yield run
    ace_tracing.shutdown()


def names_in_store() -> set[str]:
    return {found.data.spans[0].name for found in ace_tracing.search_traces()}


def test_new_traces_in_a_folder_unchanged_for_8_days_arrive(
    kayba_server: LocalServer, spool_folder: Path, recover: Callable[[int], TracingStatus]
) -> None:
    process = EndedProcess(spool_folder, kayba_server.url)
    process.trace("old", days_ago=8)
    process.trace("new", days_ago=0)
    process.kill(changed_days_ago=8)
    status = recover(2)
    assert (status.recovered, status.reasons) == (1, {EXPIRED: 1})
    assert names_in_store() == {"new"}


@pytest.mark.parametrize("days_ago", [-400, -1, 0, 6.9, 20_000])
def test_traces_of_a_wrong_clock_or_a_week_arrive(
    kayba_server: LocalServer, spool_folder: Path, recover: Callable[[int], TracingStatus], days_ago: float
) -> None:
    process = EndedProcess(spool_folder, kayba_server.url)
    process.trace("kept", days_ago)
    process.kill(changed_days_ago=max(days_ago, 0.0))
    assert recover(1).recovered == 1


def test_long_trace_whose_first_spans_were_kept_stays_whole(
    kayba_server: LocalServer, spool_folder: Path, recover: Callable[[int], TracingStatus]
) -> None:
    process = EndedProcess(spool_folder, kayba_server.url)
    process.trace("long", days_ago=8, children=1_500)
    process.trace("short", days_ago=8)
    process.trace("new", days_ago=0)
    process.kill()
    assert recover(3).reasons == {EXPIRED: 1}
    (found,) = ace_tracing.search_traces(filter_string="trace.name = 'long'")
    assert len(found.data.spans) == 1_501


def test_feedback_is_dropped_a_week_after_its_own_time(
    kayba_server: LocalServer,
    spool_folder: Path,
    recover: Callable[[int], TracingStatus],
    wait_until: Callable[[Callable[[], bool]], None],
) -> None:
    process = EndedProcess(spool_folder, kayba_server.url)
    process.judge(days_ago=8)
    process.judge(days_ago=0)
    process.trace("new", days_ago=0)
    folder = process.kill()
    status = recover(2)
    assert (status.recovered, status.reasons) == (1, {EXPIRED_FEEDBACK: 1})
    wait_until(lambda: [path.name for path in folder.iterdir() if path.suffix == ".segment"] == [])
    assert (folder / "progress").exists(), "the newer feedback waits for its trace"


@pytest.mark.parametrize(("newest", "is_kept"), [(0, True), (8, False)])
def test_folder_of_another_key_stays_while_its_newest_frame_is_young(
    spool_folder: Path, newest: float, is_kept: bool
) -> None:
    process = EndedProcess(spool_folder, "http://other", "kb-other")
    process.trace("old", days_ago=9)
    process.trace("newest", days_ago=newest)
    folder = process.kill(changed_days_ago=8)
    found = expiry.Expiry(Spool(str(spool_folder), "http://a", "kb-a")).folders()
    assert [each.path for each in found] == ([] if is_kept else [str(folder)])


def test_too_many_bytes_drop_the_folder_with_the_oldest_frames(
    spool_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "MAX_ORPHANED_BYTES", SEGMENT_BYTES * 3 // 2)
    older, newer = (EndedProcess(spool_folder, "http://other") for _ in range(2))
    older.trace("older", days_ago=2)
    newer.trace("newer", days_ago=1)
    kept = newer.kill(changed_days_ago=5)
    dropped = older.kill(changed_days_ago=0)
    found = expiry.Expiry(Spool(str(spool_folder), "http://a", "kb-a")).folders()
    assert [each.path for each in found] == [str(dropped)]
    assert kept.exists()
