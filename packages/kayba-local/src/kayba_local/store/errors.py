"""What a store refuses to do, and why: the message is for the caller."""

from __future__ import annotations


class StoreProblem(Exception):  # noqa: N818 - what its subclasses are, in the words of the API
    """A request that the store cannot fulfil; nothing was changed."""


class DoesNotExist(StoreProblem):
    """Nothing has this id, name or key."""


class AlreadyExists(StoreProblem):
    """The name is taken."""


class InvalidValue(StoreProblem):
    """A value that means nothing here: a malformed filter, an unknown field, a page token from elsewhere."""
