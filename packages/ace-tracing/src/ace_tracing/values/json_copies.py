"""JSON copies: a copy of any value that consists of plain JSON, within the limits.

A value that cannot be encoded becomes a placeholder in angle brackets (`<function f>`), and a part beyond a limit is
cut, with a note of the amount. The text of the copy can still be too long, because the copy counts only the shortest
possible text of each value: `cuts` then cuts the text.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, Final, TypeVar

from orjson import dumps

from ace_tracing.interrupts import raise_interrupt
from ace_tracing.values.conversion import convert, count_scanned, find_converter, is_sentinel
from ace_tracing.values.cuts import Cuts, note_elements, note_entries, note_text, number_duplicates
from ace_tracing.values.introspection import name_of
from ace_tracing.values.limits import MAX_KEY_CHARS, Limits
from ace_tracing.values.media import (
    MAX_SEARCHED_CHARS,
    Medium,
    find_in_text,
    media_policy,
    note_size,
    replace_in,
)
from ace_tracing.values.plain_json import NOT_PLAIN, remaining_bytes
from ace_tracing.values.views import Entries, Replacement

_T = TypeVar("_T")

_QUOTED: Final = 3
"""The bytes around a string: its quotes, and a comma or a colon."""
_WORD: Final = 5
"""The bytes of `true` or `null`, with a comma."""
_NUMBER: Final = 2
_FRACTION: Final = 4
_EMPTY: Final = 3
"""The bytes of an empty list, with a comma."""
_MAX_SHARED: Final = 1_000
"""The number of parts that are remembered, so that one in many places is examined once."""
_MAX_SHARED_BYTES: Final = 1_024
"""The size up to which a part is examined whether it needs a copy. A larger part is copied."""
_BYTES_PER_SHARED_VALUE: Final = 5
"""Values of parts without a copy are not counted but estimated, low enough that no value of `value_bytes` is cut."""


class JsonCopier:
    """One copy of one value, with the remaining bytes and work, and the containers being copied.

    Args:
        limits: The limits of the copy.
        is_strict: Whether each string and integer is checked, because orjson has refused one: a lone surrogate is legal
            in a str and illegal in JSON, and orjson encodes integers of at most 64 bits.
        min_text_chars: The length from which on a text is searched for media. By default, that of a cut one.
        keeps_media: Whether images, audio and files are kept, as far as the limits allow. Otherwise a note replaces
            those that would be cut.

    Attributes:
        cuts: The parts of the copy that are cut.
        media_chars: The characters of the media in the copy, which count towards no other limit.
    """

    __slots__ = (
        "_ancestors",
        "_bytes_left",
        "_is_strict",
        "_limits",
        "_max_chars",
        "_max_plain_chars",
        "_media_left",
        "_shared",
        "_values_left",
        "_work_left",
        "cuts",
        "media_chars",
    )

    def __init__(
        self, limits: Limits, is_strict: bool, *, min_text_chars: int | None = None, keeps_media: bool = True
    ) -> None:
        self._limits = limits
        self._is_strict = is_strict
        self._bytes_left = max(1, limits.value_bytes)
        self._values_left = limits.values
        self._work_left = limits.work
        self._max_chars = min(limits.string_chars, limits.value_bytes)
        self._max_plain_chars = min(self._max_chars, min_text_chars or self._max_chars)
        self._media_left = limits.media_chars if keeps_media and media_policy.mode == "attach" else 0
        self.media_chars = 0
        self._ancestors: set[int] = set()
        # By id, whether a part needs no copy: its bytes or 0, the depth up to which that holds, and the part.
        self._shared: dict[int, tuple[int, int, object]] = {}
        self.cuts: Cuts = {}

    def copy(self, value: object) -> Any:
        """Return a copy of a value, which shares nothing with the value that can change."""
        return self._copy_all((value,), 0)[0]

    def _copy_all(self, items: Iterable[Any], depth: int) -> list[Any]:
        """Return copies of the items up to the one that uses up the bytes or the work."""
        kept: list[Any] = []
        max_chars = -1 if self._is_strict else self._max_plain_chars
        left = self._bytes_left
        for item in items:
            if left <= 0:
                break
            kind = type(item)
            if kind is str and len(item) <= max_chars:
                left -= len(item) + _QUOTED
            elif kind is int and max_chars >= 0:
                left -= _NUMBER
            elif kind is float:
                left -= _FRACTION
            elif kind is bool or item is None:
                left -= _WORD
            else:
                self._bytes_left = left
                item = self._copy_object(item, kind, depth)
                left = self._bytes_left
            kept.append(item)
        self._bytes_left = left
        self._values_left -= len(kept)
        return kept

    def _replace_all(self, kept: dict[str, Any], size: int, depth: int) -> dict[str, Any]:
        """Replace the values of a dict by their copies, up to the one that uses up the bytes or the work.

        Sentinels are left out.
        """
        max_chars = -1 if self._is_strict else self._max_plain_chars
        left = self._bytes_left
        sentinels: list[str] = []
        for key, item in kept.items():
            kind = type(item)
            if kind is str and len(item) <= max_chars:
                left -= len(item) + _QUOTED
            elif kind is int and max_chars >= 0:
                left -= _NUMBER
            elif kind is float:
                left -= _FRACTION
            elif kind is bool or item is None:
                left -= _WORD
            elif kind is not dict and kind is not list and is_sentinel(item, kind):
                sentinels.append(key)
            else:
                self._bytes_left = left
                kept[key] = self._copy_object(item, kind, depth)
                left = self._bytes_left
            if left <= 0:
                count = list(kept).index(key) + 1
                kept = dict(islice(kept.items(), count))
                break
        if sentinels:
            size -= len(sentinels)
            for key in sentinels:
                del kept[key]
        self._bytes_left = left - sum(map(len, kept)) - _QUOTED * len(kept)
        self._values_left -= len(kept)
        if len(kept) < size:
            self._register(kept, len(kept), size)
            key, note = note_entries(kept, len(kept), size)
            kept[key] = note
        return kept

    def _copy_object(self, value: Any, kind: type, depth: int) -> Any:
        """Return a copy of a value that is not a short scalar of JSON."""
        if kind is str:
            return self._text_with_media(value)
        if kind is int:
            # Digits as text beyond 64 bits.
            plain: Any = convert(value)
            self._bytes_left -= _NUMBER
            return plain if type(plain) is int else self._text(plain, self._max_chars)
        ancestors = self._ancestors
        if id(value) in ancestors:
            return self._text(f"<{name_of(kind)}: contains itself>", MAX_KEY_CHARS)
        ancestors.add(id(value))
        try:
            if kind is dict or kind is list or kind is tuple:
                if depth >= self._limits.depth:
                    return self._too_deep(kind)
                if self._is_small_and_plain(value, depth):
                    return value
                if kind is not dict:
                    return self._copy_elements(value, len(value), depth)
                if len(value) > self._limits.items:
                    return self._copy_entries(value.items(), len(value), depth)
                # In one step: another thread can change the dict at the next thread switch.
                return self._copy_dict(value.copy(), depth)
            return self._copy_view(value, kind, depth)
        except Exception as error:  # noqa: BLE001 - reading a library's array can fail
            raise_interrupt(error, kind)
            return self._text(f"<{name_of(kind)}: {name_of(type(error))} while reading it>", MAX_KEY_CHARS)
        finally:
            ancestors.discard(id(value))

    def _is_small_and_plain(self, value: Any, depth: int) -> bool:
        """Return whether a list, tuple or dict needs no copy, and count its bytes if so."""
        known = self._shared.get(id(value))
        if known is None or known[1] < depth:
            remaining = NOT_PLAIN
            if not self._is_strict:
                remaining = remaining_bytes(value, _MAX_SHARED_BYTES, self._limits.depth - depth, self._limits)
            known = (_MAX_SHARED_BYTES - remaining + _EMPTY if remaining >= 0 else 0, depth, value)
            if len(self._shared) < _MAX_SHARED:
                self._shared[id(value)] = known
        size = known[0]
        self._bytes_left -= size
        self._values_left -= size // _BYTES_PER_SHARED_VALUE
        return size > 0

    def _copy_view(self, value: Any, kind: type, depth: int) -> Any:
        converter, work = find_converter(kind)
        view: Any = converter(value)
        self._work_left -= work or count_scanned(value)
        view_type = type(view)
        if view_type is not tuple and issubclass(view_type, str):
            copied: Any = self._text_with_media(view)
        elif view_type is int or view_type is float:
            self._bytes_left -= _NUMBER
            copied = view
        elif depth >= self._limits.depth:
            copied = self._too_deep(kind)
        elif view_type is tuple:
            copied = self._copy_dict(dict(zip(view[0], view[1], strict=True)), depth)
        elif view_type is Replacement:
            copied = self._copy_one(view.value, depth + 1)
        elif view_type is Entries:
            copied = self._copy_entries(view.items, view.size, depth)
        else:
            copied = self._copy_elements(view.items, view.size, depth)
        if self._work_left <= 0:
            # As if the bytes were used up: the containers around this value are cut behind it.
            self._bytes_left = 0
        return copied

    def _copy_one(self, value: object, depth: int) -> Any:
        """Return the copy of a value that cannot be left out."""
        self._bytes_left = max(1, self._bytes_left)
        return self._copy_all((value,), depth)[0]

    def _copy_dict(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        """Return a dict with its keys as texts and copies of its values. It can be the same dict."""
        if self._is_strict or len(value) > min(self._limits.items, self._values_left):
            return self._copy_entries(value.items(), len(value), depth)
        for key in value:
            if type(key) is not str or len(key) > MAX_KEY_CHARS:
                return self._copy_entries(value.items(), len(value), depth)
        return self._replace_all(value, len(value), depth + 1)

    def _copy_entries(self, items: Iterable[tuple[object, object]], size: int, depth: int) -> dict[str, Any]:
        taken = self._take(items)
        keys = self._convert_keys([key for key, _ in taken], depth)
        return self._replace_all(dict(zip(keys, [item for _, item in taken], strict=False)), size, depth + 1)

    def _copy_elements(self, items: Iterable[object], size: int, depth: int) -> list[Any]:
        kept = self._copy_all(self._take(items), depth + 1)
        if len(kept) < size:
            self._register(kept, len(kept), size)
            kept.append(note_elements(len(kept), size))
        return kept

    def _take(self, items: Iterable[_T]) -> list[_T]:
        # In one step: another thread can change the collection at the next thread switch.
        return list(islice(items, max(0, min(self._limits.items, self._values_left))))

    def _convert_keys(self, keys: Sequence[object], depth: int) -> list[str]:
        """Return the texts of the keys up to the one that uses up the bytes, each text once."""
        bytes_left, is_strict = self._bytes_left, self._is_strict
        self._is_strict = True
        texts: list[str] = []
        for key in keys:
            if self._bytes_left <= 0:
                break
            texts.append(self._convert_key(key, depth))
        # The bytes of the texts are counted with the values.
        self._bytes_left, self._is_strict = bytes_left, is_strict
        return list(number_duplicates(texts))

    def _convert_key(self, key: object, depth: int) -> str:
        if type(key) is int and abs(key) < 2**63:
            text = str(key)
        elif type(key) is str:
            text = _clean(key)
        else:
            copied = self._copy_one(key, depth + 1)
            text = dumps(copied).decode() if type(copied) is list or type(copied) is dict else str(copied)
        self._bytes_left -= len(text)
        return text if len(text) <= MAX_KEY_CHARS else note_text(text[:MAX_KEY_CHARS], len(text))

    def _too_deep(self, kind: type) -> str:
        return self._text(f"<{name_of(kind)}: nested deeper than {self._limits.depth}>", MAX_KEY_CHARS)

    @property
    def is_full(self) -> bool:
        """Whether the bytes or the work are used up, so a part of the value may be left out."""
        return self._bytes_left <= 0

    def _text_with_media(self, text: str) -> str:
        """Return a text whose media count towards a limit of their own, or are replaced by notes beyond it."""
        size = str.__len__(text)
        if (
            size < self._max_plain_chars
            or size > MAX_SEARCHED_CHARS
            or media_policy.mode == "off"
            or type(text) is not str
        ):
            return self._text(text, self._max_chars)
        media = find_in_text(text)
        if not media:
            return self._text(text, self._max_chars)
        kept = 0
        is_text_whole = size - sum(medium.chars for medium in media) <= self._max_chars

        def note(medium: Medium) -> str | None:
            nonlocal kept
            if is_text_whole and kept + medium.chars <= self._media_left:
                kept += medium.chars
                return None
            return note_size(medium.media_type, medium.bytes)

        noted = replace_in(text, media, note)
        self._media_left -= kept
        self.media_chars += kept
        # The media are whole, and their characters do not count.
        self._bytes_left += kept
        return self._text(noted, self._max_chars + kept)

    def _text(self, text: str, max_chars: int) -> str:
        """Return a text, cut to `max_chars`, and count its bytes."""
        copied = self._cut_text(text, max_chars)
        self._bytes_left -= len(copied) + _QUOTED
        return copied

    def _cut_text(self, text: str, max_chars: int) -> str:
        size = str.__len__(text)
        kept = str.__getitem__(text, slice(0, max_chars))
        if self._is_strict:
            kept = _clean(kept)
        if size <= max_chars:
            return kept
        noted = note_text(kept, max(size, len(kept)))
        self._register(noted, len(kept), size)
        return noted

    def _register(self, cut: object, kept: int, size: int) -> None:
        self.cuts[id(cut)] = (cut, kept, size)


def _clean(text: str) -> str:
    """Return a text with lone surrogates as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
