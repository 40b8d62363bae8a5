"""uWSGI: its master forks the workers in C, and its workers run background threads only with an option."""

from __future__ import annotations

import sys
from typing import Any

from ace_tracing.diagnostics import warn


def is_uwsgi_master() -> bool:
    """Return whether this is a process of uWSGI that still has to fork its workers.

    A thread that waits for the interpreter's lock at such a fork would make the lock unusable in the worker.
    """
    uwsgi: Any = sys.modules.get("uwsgi")
    if uwsgi is None:
        return False
    try:
        return not (uwsgi.worker_id() or uwsgi.mule_id() or uwsgi.i_am_the_spooler())
    except AttributeError:
        # Another module of that name.
        return False


def warn_of_early_trace() -> None:
    """Log a warning about a trace that has ended in uWSGI's master, which starts no thread to send it."""
    if is_uwsgi_master() and sys.modules["uwsgi"].masterpid():
        warn(
            "uwsgi master",
            "A trace has ended before uWSGI forked its workers. The process that starts after this uWSGI has ended "
            "sends it from the spool; without a spool it is lost. Start uWSGI with lazy-apps = true to send it at once",
        )


def warn_of_missing_threads() -> None:
    """Log a warning if uWSGI runs this process without background threads."""
    options: Any = getattr(sys.modules.get("uwsgi"), "opt", None)
    if isinstance(options, dict) and not {"enable-threads", "threads", b"enable-threads", b"threads"} & options.keys():
        warn(
            "uwsgi",
            "uWSGI runs no background threads: traces are sent only while a request runs and when a worker ends. "
            "Start uWSGI with enable-threads = true",
        )
