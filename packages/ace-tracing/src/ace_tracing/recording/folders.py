"""The folders that traces are filed in, by name."""

from __future__ import annotations

import re

MAX_FOLDER_CHARACTERS = 256

_HTML_TAG = r"<[^>]*>"
_NOT_IN_A_FOLDER = r"[^A-Za-z0-9 _\-/.]"


def clean_folder(name: str | None) -> str | None:
    """Give the folder that the service files under for `name`, or None when nothing is left of it.

    HTML tags go first, then every character other than letters, digits, space and `_ - / .`; the rest is stripped and
    cut at 256 characters.
    """
    if not name:
        return None
    clean = re.sub(_NOT_IN_A_FOLDER, "", re.sub(_HTML_TAG, "", str(name)))
    return clean.strip()[:MAX_FOLDER_CHARACTERS] or None
