"""Attempts: the delays of feedback, and how long it waits for its trace."""

from __future__ import annotations

import time

import pytest

from ace_tracing.delivery.attempts import MAX_RETRY_S, MIN_RETRY_S, Attempts
from ace_tracing.recording.feedback import OUTSIDE_SAMPLE, Feedback

HOUR_NS = 3_600 * 10**9


def feedback(age_ns: int = 0, flags: int = 0) -> Feedback:
    return Feedback(bytes(16), time.time_ns() - age_ns, flags, bytes(16), b"{}")


def test_the_first_attempt_is_due_and_awaited() -> None:
    attempts = Attempts(0, recovered=False)
    assert attempts.is_due
    assert attempts.is_awaited(with_missing=False)
    assert not attempts.begin(), "nothing can be stored before the first attempt"
    assert attempts.begin(), "the first attempt may have stored it"


def test_delays_grow_to_the_limit() -> None:
    attempts = Attempts(0, recovered=False)
    delays = []
    for _ in range(20):
        attempts.begin()
        assert attempts.record_missing(feedback())
        delays.append(attempts.next_at - attempts._last_at)
    assert MIN_RETRY_S / 2 <= delays[0] <= MIN_RETRY_S + 1
    assert MAX_RETRY_S / 2 <= delays[-1] <= MAX_RETRY_S + 1
    assert not attempts.is_due
    attempts.hurry()
    assert attempts.next_at - attempts._last_at == pytest.approx(MIN_RETRY_S)


def test_a_missing_trace_is_awaited_only_on_request() -> None:
    attempts = Attempts(0, recovered=False)
    attempts.record_missing(feedback())
    assert attempts.is_awaited(with_missing=True)
    assert not attempts.is_awaited(with_missing=False)


@pytest.mark.parametrize("age_ns", [-HOUR_NS, 0, 2 * HOUR_NS, 48 * HOUR_NS])
def test_a_jump_of_the_clock_does_not_drop_feedback_of_this_process(age_ns: int) -> None:
    assert Attempts(0, recovered=False).record_missing(feedback(age_ns))


@pytest.mark.parametrize(("age_ns", "waits"), [(-HOUR_NS, True), (0, True), (2 * HOUR_NS, True), (25 * HOUR_NS, False)])
def test_recovered_feedback_waits_unless_it_is_a_day_old(age_ns: int, waits: bool) -> None:
    attempts = Attempts(0, recovered=True)
    assert attempts.begin(), "the other process may have stored it"
    assert attempts.record_missing(feedback(age_ns)) is waits


def test_feedback_outside_the_sample_waits_for_a_short_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ace_tracing.delivery.attempts.OUTSIDE_SAMPLE_WAIT_S", 0.0)
    assert not Attempts(0, recovered=False).record_missing(feedback(flags=OUTSIDE_SAMPLE))
    assert Attempts(0, recovered=False).record_missing(feedback())
