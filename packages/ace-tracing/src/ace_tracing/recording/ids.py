"""Random numbers for trace ids and span ids.

Callers look `getrandbits` up in this module at each call, so `testing.fixed_ids` can replace it.
"""

from __future__ import annotations

import random

from ace_tracing.forks import on_fork

# Not the module's shared generator: a user's `random.seed()` must not make ids repeat. Not `os.urandom`: it costs a
# system call for each span.
_random = random.Random()  # noqa: S311 - ids, not secrets

on_fork(_random.seed)

getrandbits = _random.getrandbits
