"""Recovery: delivers the traces that ended processes left in orphaned spools.

Every method but `has_orphans`, `schedule_now` and `forget` runs on the worker's thread. While a request is in flight,
another thread reads the traces of the next one, unless spans are being recorded.
"""

from __future__ import annotations

from functools import partial
from typing import Final

from ace_tracing.clocks import monotonic
from ace_tracing.delivery.control import Control
from ace_tracing.delivery.dispatch import BATCH_BYTES, Dispatcher
from ace_tracing.delivery.ledger import EXPIRED
from ace_tracing.delivery.open_traces import Assembled
from ace_tracing.delivery.parallel import EarlyCall
from ace_tracing.delivery.spool.directory import Directory
from ace_tracing.delivery.spool.expiry import AgeFilter, Expiry
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.orphaned_log import OrphanedLog
from ace_tracing.delivery.spool.orphans import OrphanedSpool
from ace_tracing.delivery.spool.parts import recover_spool, split_shared
from ace_tracing.diagnostics import internal_error

INTERVAL_S: Final = 10.0
"""How often a running worker looks for orphaned spools."""
FEEDBACK_INTERVAL_S: Final = 1.0
"""How often it does so while feedback in one of them waits for its trace."""


class Recovery:
    """Search for orphaned spools, and their delivery.

    Args:
        spool: This process's spool, beside which orphaned ones are searched.
        dispatcher: Sends the recovered traces.
        control: Flags of the worker.
    """

    def __init__(self, spool: Spool, dispatcher: Dispatcher, control: Control) -> None:
        self._spool = spool
        self._expiry = Expiry(spool)
        self._dispatcher = dispatcher
        self._control = control
        self._next_at = 0.0
        self._in_progress: OrphanedSpool | None = None

    @property
    def delay_s(self) -> float:
        """The seconds until the next search."""
        return max(0.0, self._next_at - monotonic())

    def has_orphans(self) -> bool:
        """Return whether there are folders of other processes, some of which may still be running."""
        return bool(self._spool.other_folders())

    def schedule_now(self) -> None:
        """Make the next search due."""
        self._next_at = 0.0

    def run_if_due(self) -> None:
        """Recover the orphaned spools unless that was done within the last `INTERVAL_S`."""
        if not self._control.is_closed and monotonic() >= self._next_at:
            self._next_at = monotonic() + INTERVAL_S
            self.run()

    def run(self) -> None:
        """Recover the orphaned spools. Each is delivered by the one process that gets its lock."""
        for folder in self._expiry.folders():
            for part in split_shared(folder):
                self._recover(part, is_expired=True)
        for folder in self._spool.other_folders():
            if self._control.is_closed:
                return
            self._recover(folder, is_expired=False)

    def forget(self) -> None:
        """Close the copy of an orphaned spool's lock, in a forked child: the parent recovers that spool."""
        if self._in_progress is not None:
            self._in_progress.forget()

    def _recover(self, folder: Directory, *, is_expired: bool) -> None:
        """Recover one spool, or release it when the worker is closed, or fails, before that is done."""
        orphan = recover_spool(folder)
        if orphan is None:
            return
        self._in_progress = orphan
        is_settled = False
        try:
            log = OrphanedLog(orphan, takes_feedback=self._spool.takes_feedback)
            if self._deliver(log, is_expired=is_expired):
                self._deliver_feedback(log)
            is_settled = log.is_settled
        except Exception:  # noqa: BLE001 - a damaged spool must not stop the delivery of this process's traces
            internal_error("recovering a spool")
        finally:
            self._in_progress = None
            if not is_settled:
                orphan.release()

    def _deliver(self, log: OrphanedLog, *, is_expired: bool) -> bool:
        ages = AgeFilter()
        reading = EarlyCall(partial(self._read, log))
        is_last = False
        while not is_last:
            self._deliver_own_first()
            ready = reading.result()
            kept, too_old = ([], sum(one.is_counted for one in ready)) if is_expired else ages.split(ready)
            old_feedback = list(log.feedback) if is_expired else ages.find_feedback(log.feedback)
            self._drop_expired(too_old, old_feedback, log)
            # From here on, the log may be ahead of these traces.
            is_last, progress = log.is_read, log.mark()
            reading = EarlyCall(partial(self._read, log))
            if not is_last and not self._dispatcher.gil.must_yield:
                reading.start()
            try:
                is_delivered = self._dispatcher.deliver(kept, recovered=True)
            finally:
                reading.wait()
            if not is_delivered:
                return False
            if kept:
                # Feedback may have waited for one of these traces.
                self._dispatcher.feedback.hurry()
            log.settle(progress)
        return True

    def _read(self, log: OrphanedLog) -> list[Assembled]:
        """Read about `BATCH_BYTES`, and return the traces that are ready."""
        ready: list[Assembled] = []
        end = log.bytes_read + BATCH_BYTES
        while not log.is_read and log.bytes_read < end:
            ready += log.read(self._dispatcher.gil.max_bytes)
            self._dispatcher.gil.yield_gil()
        return ready

    def _drop_expired(self, traces: int, feedback: list[bytes], log: OrphanedLog) -> None:
        """Count traces and feedback that are not delivered."""
        for feedback_id in feedback:
            del log.feedback[feedback_id]
        self._dispatcher.feedback.drop_expired(len(feedback))
        if traces:
            self._dispatcher.drop(
                traces,
                EXPIRED,
                "they waited in the spool for too long, or it is over its limit",
                recovered=True,
                settled=traces,
            )

    def _deliver_feedback(self, log: OrphanedLog) -> None:
        """Send the feedback of a spool. Entries whose traces are missing stay there until the next run."""
        if log.is_settled:
            return
        for _, frame in list(log.feedback.values()):
            self._deliver_own_first()
            if self._control.is_closed or not self._dispatcher.feedback.deliver_recovered(frame, log.feedback):
                break
        log.settle(log.mark())
        if not log.is_settled:
            self._next_at = min(self._next_at, monotonic() + FEEDBACK_INTERVAL_S)

    def _deliver_own_first(self) -> None:
        """Deliver new traces of this process before recovered ones: a caller may be waiting in `flush`."""
        control = self._control
        if control.must_hurry or control.must_show or self._dispatcher.has_new:
            control.must_hurry = False
            must_show, control.must_show = control.must_show, False
            self._dispatcher.deliver_own()
            if must_show:
                self._dispatcher.deliver_running(0.0)
