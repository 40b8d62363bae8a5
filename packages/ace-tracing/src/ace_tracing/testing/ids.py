"""Reproducible ids for spans and traces."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from ace_tracing.recording import ids


@contextmanager
def fixed_ids() -> Iterator[None]:
    """Number ids from 1 in this block, separately for traces and spans.

    The same code gets the same ids in every run if its threads start their spans in the same order.
    """
    counters: defaultdict[int, Iterator[int]] = defaultdict(lambda: itertools.count(1))
    previous = ids.getrandbits
    ids.getrandbits = lambda bits: next(counters[bits])
    try:
        yield
    finally:
        ids.getrandbits = previous
