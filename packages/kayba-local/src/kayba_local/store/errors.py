"""Errors of the store."""

from __future__ import annotations

import sqlite3


class StoreError(Exception):
    """A store that cannot be opened or is closed: a malformed URL, another program's file, or a newer schema."""


class StoreUnavailable(sqlite3.OperationalError):
    """A store that cannot be used now: a lock of another process, a full disk, a read-only file.

    It is an error of SQLite, unlike a closed store: threads in the background try again.
    """


class StoreBusy(StoreUnavailable):
    """A request that was cancelled at its deadline, or had to wait for other requests until then."""


class RequestError(Exception):
    """A request that the store rejects without changing anything; the message is for the caller."""


class DoesNotExist(RequestError):  # noqa: N818 - MLflow's error code RESOURCE_DOES_NOT_EXIST
    """An unknown id, name or key."""


class AlreadyExists(RequestError):  # noqa: N818 - MLflow's error code RESOURCE_ALREADY_EXISTS
    """A name or id that is already in use."""


class InvalidValue(RequestError):  # noqa: N818 - MLflow's error code INVALID_PARAMETER_VALUE
    """A malformed filter, an unknown field, or a page token of another search."""
