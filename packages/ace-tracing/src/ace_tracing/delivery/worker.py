"""Worker: the daemon thread that delivers traces, and the calls that other threads make to it.

Public methods run on any thread. `_run` is the thread's main function; `rounds` has its work.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextvars import Context
from dataclasses import replace
from typing import Final

from ace_tracing.clocks import monotonic
from ace_tracing.delivery.content import is_environment
from ace_tracing.delivery.control import Control
from ace_tracing.delivery.dispatch import Dispatcher
from ace_tracing.delivery.exporter import SpanExporter
from ace_tracing.delivery.http.deadline import time_limit
from ace_tracing.delivery.ledger import Ledger
from ace_tracing.delivery.recovery import Recovery
from ace_tracing.delivery.rounds import POLL_S, Rounds
from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.cursors import Cursor
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.status import AttachmentCounts, Delivery, State, TracingStatus
from ace_tracing.delivery.uwsgi import is_uwsgi_master, warn_of_early_trace
from ace_tracing.diagnostics import internal_error
from ace_tracing.native import DaemonThread, allocate_lock

FAILING_SHARE: Final = 1 / 3
"""The share of the patience for a service whose last attempt failed before the wait."""
THREAD_RETRY_S: Final = 1.0
"""How long no thread is started after one could not be, in seconds."""
MIN_ATTEMPT_S: Final = 0.1
"""The time that the last attempt has at least, when the caller's timeout is over."""


class Worker:
    """Delivery of one buffer by one daemon thread, which the first finished trace starts.

    Args:
        exporter: Makes single attempts.
        buffer: The buffer in which frames wait.
        spool: The spool behind the buffer, which keeps unsent frames when the process ends; None when frames wait in
            memory.
        show_running_after: The age in seconds from which on the ended spans of a running trace are sent before its
            root ends. None sends them with the root.
        destination: The name of the destination.

    Attributes:
        destination: As given.
    """

    def __init__(
        self,
        exporter: SpanExporter,
        buffer: Buffer | Cursor,
        spool: Spool | None = None,
        show_running_after: float | None = None,
        destination: str = "kayba",
    ) -> None:
        self._exporter = exporter
        self.destination = destination
        self._buffer = buffer
        self._spool = spool
        self._control = Control()
        self._ledger = Ledger(buffer)
        self._dispatcher = Dispatcher(exporter, buffer, spool, self._ledger, self._control)
        self._recovery = None if spool is None else Recovery(spool, self._dispatcher, self._control)
        self._rounds = Rounds(
            exporter, buffer, spool, self._control, self._ledger, self._dispatcher, self._recovery, show_running_after
        )
        self._thread: DaemonThread | None = None
        self._starting = allocate_lock()
        self._is_running = False
        self._no_thread_until = 0.0
        buffer.on_wake = self._wake
        buffer.on_first = self._start_for_running

    def start(self) -> None:
        """Start the thread now, to recover orphaned spools."""
        self._ensure_thread()

    @property
    def is_spooled(self) -> bool:
        """Whether unsent traces outlive the process."""
        return self._spool is not None and not self._spool.failed

    @property
    def is_paused(self) -> bool:
        """Whether the service rejects the key, or is not found at the address."""
        return self._dispatcher.backoff.is_paused

    def show_running(self, after_s: float | None) -> None:
        """Set the age in seconds from which on a running trace is sent; None to wait for its root."""
        self._rounds.show_running_after = after_s

    @property
    def exporter(self) -> SpanExporter:
        """The exporter that makes the attempts."""
        return self._exporter

    def has_orphans(self) -> bool:
        """Return whether the spool has folders of other processes, some of which may still be running."""
        return self._recovery is not None and self._recovery.has_orphans()

    def hurry(self) -> None:
        """Send all waiting traces now. Returns at once."""
        self._control.must_hurry = True
        if self._recovery is not None:
            self._recovery.schedule_now()
        self._control.wake()

    def flush(self, timeout: float, patience: float | None = None, *, show_running: bool = True) -> Delivery:
        """Send all waiting traces now, and wait until they are settled.

        Args:
            timeout: The longest wait, in seconds.
            patience: The longest wait for an attempt that succeeds, in seconds. When the last attempt before the call
                failed, it is shorter, and a further failure ends the wait. None for the limit of `timeout` alone.
            show_running: Whether to send the ended spans of running traces, too, unless that is off.
        """
        must_show = show_running and self._rounds.show_running_after is not None
        if self._is_own_thread:
            # A log handler calls this while the worker's thread sends. The thread cannot wait for itself.
            return self.delivery()
        deadline = monotonic() + timeout
        target = self._buffer.position
        feedback = self._dispatcher.feedback
        feedback.hurry()
        if self._is_done(target, must_show=must_show):
            return self.delivery()
        if not self._ensure_thread():
            self._work_here(timeout)
            return self.delivery()
        backoff = self._dispatcher.backoff
        attempts, feedback_attempts = self._dispatcher.attempts, feedback.attempts
        ended = attempts + feedback_attempts
        is_known_to_fail = patience is not None and backoff.has_failed
        if is_known_to_fail and patience is not None:
            patience *= FAILING_SHARE
        give_up = deadline if patience is None else min(deadline, monotonic() + patience)
        self._control.must_show = self._control.must_show or must_show
        self.hurry()
        with self._ledger.changed:
            while not self._is_done(target, must_show=must_show, with_missing=patience is None):
                made = self._dispatcher.attempts + feedback.attempts
                has_failed = backoff.has_failed or feedback.backoff.has_failed
                if patience is not None and made > ended and not has_failed:
                    ended = made
                    give_up = min(deadline, monotonic() + patience)
                left = give_up - monotonic()
                fails = self.is_paused or (is_known_to_fail and backoff.has_failed)
                is_futile = (fails and self._dispatcher.attempts > attempts) or feedback.is_blocked(feedback_attempts)
                # No attempt is made before the end of a delay that the service asked for.
                must_wait = patience is not None and backoff.must_wait and backoff.delay_s > left
                if left <= 0 or is_futile or must_wait:
                    break
                if not self._ledger.changed.wait(min(left, POLL_S)):
                    self._ensure_thread()
        return self.delivery()

    def close(self, timeout: float) -> Delivery:
        """Flush, then end the thread after at most one more attempt. Open spans are recorded as interrupted.

        Args:
            timeout: The longest wait, in seconds.
        """
        deadline = monotonic() + timeout
        self.flush(timeout, show_running=False)
        self._control.is_closed = True
        self._control.wake()
        if self._is_own_thread:
            # A log handler calls this while the worker's thread sends. The thread ends after this attempt.
            return self.delivery()
        thread = self._thread
        if thread is not None and thread.is_alive():
            thread.join(max(0.05, deadline - monotonic()))
        if thread is None or not thread.is_alive():
            # A retired thread may have ended without the end of the delivery, just before it was closed.
            self._rounds.must_restart = self._rounds.must_restart or self._is_running
            with time_limit(max(MIN_ATTEMPT_S, deadline - monotonic())):
                self._rounds.end(recover=False)
        return self.delivery()

    def hand_over(self, other: Worker) -> None:
        """Let another worker deliver the traces that this one, which is closed, has left in its spool."""
        self._ledger.hand_over(other._ledger, self._dispatcher.log)

    def retire(self) -> None:
        """End the thread once everything is read. A trace that finishes later starts a thread that ends again."""
        self._control.is_retired = True
        self._control.wake()

    def delivery(self) -> Delivery:
        """Return the counts of all traces that have finished so far."""
        return self._ledger.delivery(self._dispatcher.log).of(self.destination)

    def status(self, state: State | None = None) -> TracingStatus:
        """Return the counts and the state of delivery.

        Args:
            state: The state to report instead of the worker's.
        """
        spool = self._spool.home if self._spool is not None and self.is_spooled else None
        backoffs = self._dispatcher.backoff, self._dispatcher.feedback.backoff
        failed = next((backoff for backoff in backoffs if backoff.has_failed), backoffs[0])
        status = self._ledger.status(self._dispatcher.log, failed, spool, state)
        # A collector takes no attachments.
        counts: AttachmentCounts = getattr(self._exporter, "attachment_counts", AttachmentCounts())
        return replace(status, attachments_delivered=counts.delivered, attachments_left_out=counts.left_out)

    def abandon(self) -> None:
        """Accept no more traces and touch no file, in a forked child: the parent sends its own traces."""
        self._buffer.abandon()
        if self._recovery is not None:
            self._recovery.forget()
        if self._spool is not None:
            self._spool.forget()

    @property
    def _is_own_thread(self) -> bool:
        """Whether the caller runs in the worker's thread."""
        thread = self._thread
        return thread is not None and thread.is_current

    def _is_done(self, position: int, *, must_show: bool, with_missing: bool = True) -> bool:
        is_shown = not must_show or self._dispatcher.is_shown(position)
        return is_shown and self._dispatcher.is_settled(position, with_missing=with_missing)

    def _wake(self) -> None:
        """Start or wake the thread. The thread that finishes a trace calls this."""
        if monotonic() >= self._no_thread_until and self._ensure_thread():
            self._control.wake()
        else:
            # The next trace tries again.
            self._buffer.asleep = True
            warn_of_early_trace()

    def _start_for_running(self) -> None:
        """Start the thread with the first span. Otherwise it starts with the first trace that ends."""
        if self._rounds.show_running_after is not None:
            self._ensure_thread()

    def _ensure_thread(self) -> bool:
        """Start the thread unless it is alive.

        Returns:
            False when none can be started: at shutdown, for a lack of memory, or before uWSGI has forked its workers.
        """
        thread = self._thread
        if thread is not None and thread.is_alive():
            return True
        if is_uwsgi_master():
            return False
        # Not blocking: a held lock means that the thread is being started, perhaps further up on this very stack, if
        # the garbage collector ran there and called back into traced code.
        if not self._starting.acquire(blocking=False):
            return True
        try:
            self._thread = DaemonThread(self._run, "ace-tracing")
            # An empty context, so that the worker's own spans do not become children of the span that runs here.
            Context().run(self._thread.start)
        except (RuntimeError, MemoryError, OSError):
            self._thread = None
            self._no_thread_until = monotonic() + THREAD_RETRY_S
            return False
        finally:
            self._starting.release()
        return True

    def _run(self) -> None:
        control, rounds = self._control, self._rounds
        try:
            # Otherwise the previous thread was killed while it was working.
            rounds.must_restart = rounds.must_restart or self._is_running
            self._is_running = True
            while rounds.must_restart or not (control.is_retired and self._dispatcher.is_done):
                if control.is_closed:
                    break
                try:
                    rounds.run()
                except Exception as error:  # noqa: BLE001 - the thread must survive, and the traces are in the log
                    rounds.must_restart = True
                    self._dispatcher.pause_after(error)
            if control.is_closed:
                rounds.end()
            else:
                rounds.rest()
            self._is_running = False
        finally:
            # From here on, the thread that finishes a trace starts another worker thread. This thread does that for
            # the traces that finished just before.
            self._thread = None
            self._buffer.asleep = True
            if not self._control.is_closed and self._dispatcher.has_new:
                self._ensure_thread()

    def _work_here(self, timeout: float) -> None:
        """Deliver on this thread, since no thread can be started.

        Args:
            timeout: The time limit, in seconds.
        """
        # With this lock, no other thread starts to deliver meanwhile.
        if not self._starting.acquire(blocking=False):
            return
        was_closed, self._control.is_closed = self._control.is_closed, True
        self._rounds.must_restart = self._rounds.must_restart or self._is_running
        self._is_running = True
        try:
            with time_limit(max(MIN_ATTEMPT_S, timeout)):
                self._rounds.work()
            self._is_running = self._dispatcher.is_cut_off
        except Exception as error:  # noqa: BLE001 - this thread is the user's, and the traces are in the log
            if not is_environment(error):
                internal_error("delivering traces")
        finally:
            self._control.is_closed = was_closed
            self._starting.release()


def hurry(workers: Iterable[Worker]) -> None:
    """Make all workers send at once, so that one whose server hangs does not use up the time of the others."""
    for worker in workers:
        worker.hurry()
