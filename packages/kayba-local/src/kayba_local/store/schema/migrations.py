"""The ordered steps that bring a store's file up to date.

A file remembers how many steps it has had. Steps are only ever added at the end; one that was released never changes.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from kayba_local.store.schema import jobs as jobs_schema
from kayba_local.store.schema import rest as rest_schema
from kayba_local.store.schema import tracing as tracing_schema

Step: TypeAlias = tuple[str, ...]
"""SQL statements that are applied together in one transaction."""

STEPS: Final[tuple[Step, ...]] = (tracing_schema.INITIAL, rest_schema.INITIAL, jobs_schema.INITIAL)
