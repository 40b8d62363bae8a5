"""Rounds: the work of the worker's thread, from the wait for traces to the end of the delivery."""

from __future__ import annotations

from typing import Final

from ace_tracing.clocks import monotonic
from ace_tracing.delivery.content import is_environment
from ace_tracing.delivery.control import Control
from ace_tracing.delivery.dispatch import BATCH_BYTES, Dispatcher
from ace_tracing.delivery.exporter import SpanExporter
from ace_tracing.delivery.ledger import Ledger
from ace_tracing.delivery.recovery import Recovery
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.cursors import Cursor
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.diagnostics import internal_error

BATCH_DELAY_S: Final = 0.5
"""How long the first finished trace waits for others to share its request."""
POLL_S: Final = 0.05
"""The longest sleep of a thread that waits for the worker, or of a worker that waits for more traces."""


class Rounds:
    """Waits for traces and delivers them, round by round.

    All methods run on the thread that delivers: the worker's, or at interpreter shutdown the caller's.

    Args:
        exporter: Makes single attempts.
        buffer: The buffer in which frames wait.
        spool: The spool behind the buffer; None when frames wait in memory.
        control: Flags of the worker.
        ledger: Receives the counts.
        dispatcher: Sends the traces.
        recovery: Delivers orphaned spools; None without a spool.
        show_running_after: The age in seconds from which on a running trace is sent; None to wait for its root.

    Attributes:
        show_running_after: As given. It may be set at any time.
        must_restart: Whether an error, or the end of a thread, has cut off the work.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        buffer: Buffer | Cursor,
        spool: Spool | None,
        control: Control,
        ledger: Ledger,
        dispatcher: Dispatcher,
        recovery: Recovery | None,
        show_running_after: float | None,
    ) -> None:
        self._exporter = exporter
        self._buffer = buffer
        self._spool = spool
        self._control = control
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._recovery = recovery
        self.show_running_after = show_running_after
        self.must_restart = False
        self._next_show_at = monotonic()
        self._has_ended = False

    def run(self) -> None:
        """Wait for traces and deliver them, or those that an error has cut off."""
        if not self.must_restart:
            self._wait()
            self._gather()
        self.work()

    def work(self) -> None:
        """Deliver everything written so far, show running traces and recover orphaned spools if that is due."""
        if self.must_restart:
            self._restart()
        # Read before the frames are: a request that comes later is for frames that may come later, too.
        must_show, self._control.must_show = self._control.must_show, False
        self._dispatcher.deliver_own()
        self._show_running(must_show=must_show)
        if self._recovery is not None:
            self._recovery.run_if_due()
        self.must_restart = self._dispatcher.is_cut_off

    def rest(self) -> None:
        """Remove the spool's folder unless a span is open, since a retired worker may get no more traces."""
        if not self._dispatcher.log.has_open_spans and self._dispatcher.feedback.is_empty:
            self._buffer.free_if_read(
                self._dispatcher.log.settle_all, self._spool.clear if self._spool is not None else _do_nothing
            )
        self._exporter.close()

    def end(self, *, recover: bool = True) -> None:
        """Accept no more traces, and remove the spool's folder, or leave it to another process if traces are unsent.

        Args:
            recover: Whether to recover orphaned spools before that.
        """
        if self._has_ended:
            return
        self._has_ended = True
        dispatcher = self._dispatcher
        try:
            if self.must_restart or dispatcher.is_cut_off:
                self._restart()
            is_sent = not dispatcher.has_unsent
            if is_sent and recover and self._recovery is not None:
                self._recovery.run()
                dispatcher.deliver_own()
            is_read = self._buffer.stop()
            self._ledger.stop()
            if is_sent and not is_read:
                dispatcher.deliver_own()
                is_read = not dispatcher.log.has_unread()
            if is_sent and is_read:
                is_sent = dispatcher.deliver_interrupted()
            if is_sent and is_read:
                dispatcher.log.settle_all()
                self._buffer.discard()
                if self._spool is not None:
                    self._spool.remove()
            else:
                self._leave()
        except Exception as error:  # noqa: BLE001 - the process ends; unsent traces are left to the next one
            self._leave()
            if not is_environment(error):
                internal_error("ending delivery")
        finally:
            self._exporter.close()

    def _restart(self) -> None:
        """Read again from the last settled position."""
        self._dispatcher.restart()
        self.must_restart = False

    def _wait(self) -> None:
        """Sleep until a trace has finished, feedback or a search for orphaned spools is due, or a flag is set."""
        control = self._control
        while not (control.is_closed or control.must_hurry or control.must_show):
            self._buffer.asleep = True
            delay = self._dispatcher.feedback.delay_s
            if self._dispatcher.has_new or (control.is_retired and (delay is None or self._dispatcher.has_unsent)):
                break
            delays = (delay, self._show_delay_s, None if self._recovery is None else self._recovery.delay_s)
            delay = min((due for due in delays if due is not None), default=None)
            if delay == 0.0:
                break
            control.sleep(delay)
        self._buffer.asleep = False

    def _gather(self) -> None:
        """Wait up to `BATCH_DELAY_S`, so that more traces share the request."""
        control = self._control
        deadline = monotonic() + BATCH_DELAY_S
        while not (
            control.is_closed or control.is_retired or control.must_hurry or self._buffer.unread_bytes > BATCH_BYTES
        ):
            left = deadline - monotonic()
            if left <= 0 or not self._dispatcher.has_new:
                break
            control.sleep(min(left, POLL_S))
        control.must_hurry = False

    @property
    def _show_delay_s(self) -> float | None:
        """The seconds until running traces are looked for; None when they are not shown."""
        return None if self.show_running_after is None else max(0.0, self._next_show_at - monotonic())

    def _show_running(self, *, must_show: bool) -> None:
        """Send the ended spans of the running traces that are old enough, if that is due.

        Args:
            must_show: Whether to send those of all running traces now.
        """
        if self.show_running_after is None or self._control.is_closed:
            return
        if must_show:
            self._dispatcher.deliver_running(0.0)
        elif self._show_delay_s == 0.0:
            self._next_show_at = monotonic() + self.show_running_after / 2
            self._dispatcher.deliver_running(self.show_running_after)

    def _leave(self) -> None:
        """Leave the unsent traces to another process."""
        self._buffer.orphan()
        self._ledger.stop()
        if self._spool is not None:
            self._spool.release()


def _do_nothing() -> None:
    """Stand for `Spool.clear` when there is no spool."""
