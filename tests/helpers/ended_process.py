"""Spools of ended processes, written by this process."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import Final

from ace_tracing.delivery.spool.buffer import Buffer
from ace_tracing.delivery.spool.folders import Spool
from ace_tracing.delivery.spool.segments import SEGMENT_BYTES
from ace_tracing.delivery.spool.storage import MemoryStorage
from ace_tracing.recording.callsite import CallSite
from ace_tracing.recording.feedback import record_feedback
from ace_tracing.recording.tracer import Tracer
from ace_tracing.testing import fixed_clock

DAY_S: Final = 24 * 3600
JUDGEMENT: Final = dict.fromkeys(("value", "span_id", "rationale", "metadata"))


class EndedProcess:
    """A process that wrote frames at given times and ended.

    Args:
        home: The spool's folder.
        url: The address for its traces.
        key: The key for its traces.
    """

    def __init__(self, home: Path, url: str, key: str = "kb-test") -> None:
        self._home = home
        self._live = home.with_name(f"{home.name}-{time.monotonic_ns()}")
        memory = MemoryStorage(SEGMENT_BYTES)
        self.buffer = Buffer(Spool(str(self._live), url, key), memory, lambda error: None)
        self.tracer = Tracer(self.buffer)

    def trace(self, name: str, days_ago: float = 0.0, children: int = 0) -> None:
        """Write a trace that ended some days ago."""
        with fixed_clock(time.time_ns() - round(days_ago * DAY_S) * 10**9):
            root = self.tracer.open(CallSite(name, "AGENT"), None, None)
            for _ in range(children):
                self.tracer.open(CallSite("child", "TOOL"), parent=root).end()
            root.end()

    def judge(self, days_ago: float) -> None:
        """Write feedback on a trace that no service has."""
        with fixed_clock(time.time_ns() - round(days_ago * DAY_S) * 10**9):
            judgement = {**JUDGEMENT, "name": "ok", "source": "HUMAN", "source_id": "me"}
            record_feedback(self.buffer, None, 0, bytes(16), judgement)

    def kill(self, *, changed_days_ago: float = 0.0) -> Path:
        """End the process, with its files as they would be after `kill -9`, and return its folder."""
        shutil.copytree(self._live, self._home, dirs_exist_ok=True)
        (segment,) = self._live.rglob("*.segment")
        folder = self._home / segment.parent.relative_to(self._live)
        changed = time.time() - changed_days_ago * DAY_S
        for path in (*folder.iterdir(), folder):
            os.utime(path, (changed, changed))
        self.buffer.discard()
        shutil.rmtree(self._live)
        return folder
