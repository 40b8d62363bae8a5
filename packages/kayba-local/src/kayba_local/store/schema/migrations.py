"""Migrations of the store's file.

The file stores the number of applied steps. New steps are appended; a released step never changes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Final, TypeAlias

from kayba_local.store.schema import attachments as attachments_schema
from kayba_local.store.schema import columns as columns_schema
from kayba_local.store.schema import jobs as jobs_schema
from kayba_local.store.schema import rest as rest_schema
from kayba_local.store.schema import revisions as revisions_schema
from kayba_local.store.schema import text as text_schema
from kayba_local.store.schema import tracing as tracing_schema
from kayba_local.store.schema import upkeep as upkeep_schema

Step: TypeAlias = tuple[str | Callable[[sqlite3.Connection], None], ...]
"""SQL statements of one migration, and functions that change rows, applied in one transaction."""

STEPS: Final[tuple[Step, ...]] = (
    tracing_schema.INITIAL,
    rest_schema.INITIAL,
    jobs_schema.INITIAL,
    tracing_schema.FACTS,
    tracing_schema.LOG_EVENTS,
    attachments_schema.INITIAL,
    upkeep_schema.INITIAL,
    columns_schema.INITIAL,
    text_schema.INITIAL,
    revisions_schema.INITIAL,
)
