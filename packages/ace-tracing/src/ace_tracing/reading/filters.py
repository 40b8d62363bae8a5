"""Filters: the facts of a trace as conditions of the service's filter language.

kayba-local reads a doubled quote as one quote. MLflow has no escape for a quote, and takes a backslash for one. A text
that they would read differently is sent as a pattern, and the traces that the service finds are compared with the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ace_tracing.reading.arguments import Since, read_id, read_since, read_status, read_text, wrong
from ace_tracing.reading.model import FOLDER_TAG, NAME_TAG, SESSION_METADATA, USER_METADATA
from ace_tracing.recording.folders import clean_folder

MAX_PATTERN: Final = 200
"""Characters of a pattern. kayba-local accepts 500."""
MAX_ID_CHARS: Final = 250
"""Recorded characters of the id of a session or a user."""
MAX_NAME_CHARS: Final = 1_000
"""Recorded characters of a trace's name."""

_QUOTED: Final = re.compile("'[^']*'|\"[^\"]*\"|`[^`]*`")
_OR: Final = re.compile(r"\bOR\b", re.IGNORECASE)
_PATTERN_WILDCARD: Final = "_"
_NOT_IN_A_PATTERN: Final = re.compile(r"[^A-Za-z0-9 .:/@-]")


@dataclass(slots=True)
class Filter:
    """A search for traces.

    Attributes:
        written: The filter that the user has written; None without one.
        conditions: The other conditions in the service's filter language, which all traces found meet.
        tags: The tags that the traces found must have in addition.
        metadata: The metadata that the traces found must have in addition.
    """

    written: str | None = None
    conditions: list[str] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All conditions as one filter; empty for all traces. A filter of the user's alone is unchanged."""
        written = [] if self.written is None else [self.written]
        if written and self.conditions and _OR.search(_QUOTED.sub("", written[0])):
            # Only filters with OR need parentheses. MLflow has neither.
            written = [f"({written[0]})"]
        # The user's filter comes first, so that the positions in the service's messages are those of its text.
        return " AND ".join([*written, *self.conditions])

    @property
    def is_exact(self) -> bool:
        """Whether the service alone decides which traces are found."""
        return not self.tags and not self.metadata

    def matches(self, info: Mapping[str, Any]) -> bool:
        """Return whether a trace that the service has found has the expected tags and metadata."""
        tags, metadata = info.get("tags") or {}, info.get("trace_metadata") or {}
        return all(tags.get(key) == text for key, text in self.tags.items()) and all(
            metadata.get(key) == text for key, text in self.metadata.items()
        )

    def add_text(self, text: str | None) -> None:
        """Add the filter that the user has written."""
        if text is not None and text.strip():
            self.written = text

    def add_tag(self, key: str, text: str | None, *, field_name: str | None = None) -> None:
        """Add a tag that the traces must have.

        Args:
            key: The tag's key.
            text: The tag's value; None to add nothing.
            field_name: Another name of the tag in filters.
        """
        if text is not None and not self._add_equality(field_name or f"tags.`{key}`", text):
            self.tags[key] = text

    def add_metadata(self, key: str, text: str | None) -> None:
        """Add metadata that the traces must have.

        Args:
            key: The key.
            text: The value; None to add nothing, and empty for traces without the key: an empty value is not recorded.
        """
        if text == "":
            self.conditions.append(f"metadata.`{key}` IS NULL")
        elif text is not None and not self._add_equality(f"metadata.`{key}`", text):
            self.metadata[key] = text

    def add_folder(self, folder: str | None) -> None:
        """Add the folder that the traces must be filed in; empty for unfiled traces.

        Raises:
            ConfigurationError: No trace can be filed in a folder of that name.
        """
        if folder is None:
            return
        clean = clean_folder(folder)
        if clean is not None:
            self.add_tag(FOLDER_TAG, clean)
        elif folder.strip():
            raise wrong("folder", folder, "give a folder's name that contains letters or digits, or '' for no folder")
        else:
            self.conditions.append(f"tags.`{FOLDER_TAG}` IS NULL")

    def _add_equality(self, name: str, text: str) -> bool:
        """Add a condition for equality. Return whether it is exact: otherwise it is met by more traces than those."""
        for quote in "'\"":
            if quote not in text and not text.endswith("\\"):
                self.conditions.append(f"{name} = {quote}{text}{quote}")
                return True
        pattern = _NOT_IN_A_PATTERN.sub(_PATTERN_WILDCARD, text[:MAX_PATTERN])
        self.conditions.append(f"{name} LIKE '{pattern}{'%' if len(text) > MAX_PATTERN else ''}'")
        return False


def build_filter(
    filter_string: str | None,
    *,
    folder: str | None,
    session_id: str | None,
    user_id: str | None,
    status: str | None,
    since: Since | None,
    name: str | None,
) -> Filter:
    """Return the filter of `search_traces`.

    Raises:
        ConfigurationError: An argument is wrong.
    """
    found = Filter()
    found.add_text(read_text("filter_string", filter_string))
    found.add_folder(read_text("folder", folder))
    found.add_metadata(SESSION_METADATA, _as_recorded(read_id("session_id", session_id), MAX_ID_CHARS))
    found.add_metadata(USER_METADATA, _as_recorded(read_id("user_id", user_id), MAX_ID_CHARS))
    found.add_tag(NAME_TAG, _as_recorded(read_text("name", name), MAX_NAME_CHARS), field_name="name")
    if (state := read_status(status)) is not None:
        found.conditions.append(f"status = '{state}'")
    if (start_ms := read_since(since)) is not None:
        found.conditions.append(f"timestamp_ms >= {start_ms}")
    return found


def _as_recorded(text: str | None, max_chars: int) -> str | None:
    """Return a text as the recording bounds and escapes it, so that the text given there finds the trace."""
    return None if text is None else text[:max_chars].encode("utf-8", "backslashreplace").decode()[:max_chars]
