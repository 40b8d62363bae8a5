"""Limits of a span's fields, and the error of a field that violates them."""

from __future__ import annotations

from typing import Final

MAX_TIME_NS: Final = 2**63 - 1
"""The latest time that is stored or returned, in ns since 1970: the year 2262."""
MAX_NAME_CHARACTERS: Final = 65_536
"""Limit of the name of a span or an event, and of a key."""
MAX_MESSAGE_CHARACTERS: Final = 1_000_000
"""Characters of a status message that are stored."""
MAX_STATE_CHARACTERS: Final = 8_192
"""Limit of a W3C trace state."""
MAX_ITEMS: Final = 100_000
"""Limit of the attributes, the events and the links of a span."""


class InvalidField(Exception):  # noqa: N818 - the name describes the field
    """A field that cannot be stored. The text is the field's path and the reason; it never contains the value."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path

    def __str__(self) -> str:
        return f"{self.path.removeprefix('.')} {self.reason}".strip()

    def below(self, step: str) -> InvalidField:
        """Return the error with a step in front of its path, such as `.attributes` or `[2]`."""
        return InvalidField(self.reason, step + self.path)


def check_name(name: str) -> str:
    """Return a name or key that is within `MAX_NAME_CHARACTERS`.

    Raises:
        InvalidField: The name is too long.
    """
    return check_length(name, MAX_NAME_CHARACTERS)


def check_length(text: str, characters: int) -> str:
    """Return a text that is within a number of characters.

    Raises:
        InvalidField: The text is too long.
    """
    if len(text) > characters:
        raise InvalidField(f"has more than {characters:,} characters")
    return text
