"""What a REST handler says about ids that it does not know."""

from __future__ import annotations

from collections.abc import Sequence

from kayba_local.calls import Problem

NAMED = 5
"""How many of the ids a message names."""


def unknown(kind: str, ids: Sequence[str]) -> Problem:
    """A 404 that names the ids of which there is no `kind`."""
    distinct = list(dict.fromkeys(ids))
    more = f" and {len(distinct) - NAMED} more" if len(distinct) > NAMED else ""
    return Problem(404, None, f"No {kind} of id {', '.join(distinct[:NAMED])}{more}.")
