"""Facts of the store: counts and the oldest trace."""

from __future__ import annotations

from dataclasses import dataclass

from kayba_local.store.database import Transaction


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """Facts of a store. `oldest_ns` is the start of its oldest trace, in ns since 1970; None in an empty store."""

    traces: int
    spans: int
    oldest_ns: int | None


def read_facts(tx: Transaction) -> StoreFacts:
    """Return the facts of a store."""
    (row,) = tx.rows("SELECT COUNT(*), COALESCE(SUM(span_count), 0), MIN(request_ns) FROM traces")
    return StoreFacts(*row)
