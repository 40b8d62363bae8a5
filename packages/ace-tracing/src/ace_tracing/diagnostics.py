"""What ace-tracing says about itself: the one place where its own failures end.

Nothing of ours may raise inside a user's function, so every guard hands its exception to `internal_error`. Tests set
`loud` and see the exception instead.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress

loud = False

_INTERVAL_S = 60.0
_last_said: dict[str, float] = {}


def internal_error(doing: str) -> None:
    """Report the exception being handled, a defect of ours, without letting it reach the user.

    Args:
        doing: what was being done, as in "ending a span".
    """
    if isinstance(sys.exception(), RecursionError):
        # The user's recursion met its end inside our code. It will meet it again in theirs, where it belongs; logging
        # here would raise it from ours.
        return
    if loud:
        raise  # re-raises what the caller is handling
    warn(f"internal:{doing}", "%s failed; your code is not affected", doing, exc_info=True)


def warn(cause: str, message: str, *args: object, exc_info: bool = False) -> None:
    """Log one warning, and for the same cause no other for a minute."""
    now = time.monotonic()
    if now - _last_said.get(cause, -_INTERVAL_S) >= _INTERVAL_S:
        _last_said[cause] = now
        # A handler of the user's may raise: neither their code nor our thread is to meet that here.
        with suppress(Exception):
            # `pipeline` has imported it.
            from logging import getLogger

            getLogger("ace_tracing").warning(message, *args, exc_info=exc_info)
