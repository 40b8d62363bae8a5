"""Names of the folders that traces are filed in."""

from __future__ import annotations

import re
from typing import Final

MAX_FOLDER_CHARACTERS: Final = 256

_HTML_TAG: Final = r"<[^>]*>"
_NOT_IN_A_FOLDER: Final = r"[^A-Za-z0-9 _\-/.]"


def clean_folder(name: str | None) -> str | None:
    """Return the folder that the service uses for `name`, or None when no valid character is left.

    HTML tags are removed first, then every character other than letters, digits, space and `_ - / .`. The result is
    stripped and cut at 256 characters.
    """
    if not name:
        return None
    clean = re.sub(_NOT_IN_A_FOLDER, "", re.sub(_HTML_TAG, "", str(name)))
    return clean.strip()[:MAX_FOLDER_CHARACTERS] or None
