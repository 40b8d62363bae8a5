"""Names of the folders that traces are filed in.

The service keeps only ASCII letters, digits, space and `_ - / .` of a name. A change is logged, and a part of a path
that would lose all its letters is encoded, so that its traces are filed and can be found.
"""

from __future__ import annotations

import re
from typing import Final

from ace_tracing.diagnostics import warn

MAX_FOLDER_CHARACTERS: Final = 256
ENCODED_PREFIX: Final = "xn--"
"""The prefix of a name in Punycode, as in internationalized domain names."""

_HTML_TAG: Final = re.compile(r"<[^>]*>")
_NOT_IN_A_FOLDER: Final = re.compile(r"[^A-Za-z0-9 _\-/.]")
_LETTER: Final = re.compile(r"[A-Za-z0-9]")
_RULE: Final = "The service keeps only the letters A-Z and a-z, digits, space and _ - / . of a folder's name"


def clean_folder(name: str | None) -> str | None:
    """Return the folder that the service uses for `name`, or None when no valid character is left.

    HTML tags are removed first, then every character other than ASCII letters, digits, space and `_ - / .`. A part
    between slashes that has letters or digits, but no ASCII ones, becomes `xn--` and its Punycode. The result is
    stripped and cut at 256 characters. A warning names a changed name and the result.
    """
    if not name or not (given := str(name).strip()):
        return None
    clean = _HTML_TAG.sub("", given)
    if _NOT_IN_A_FOLDER.search(clean):
        clean = "/".join(map(_clean_part, clean.split("/")))
    clean = clean.strip()[:MAX_FOLDER_CHARACTERS].strip()
    if not clean:
        warn("folder name", "Nothing is left of the folder %r, so its traces are unfiled. %s", given, _RULE)
    elif clean != given:
        warn("folder name", "The folder %r is filed as %r. %s", given, clean, _RULE)
    return clean or None


def _clean_part(part: str) -> str:
    clean = _NOT_IN_A_FOLDER.sub("", part)
    if _LETTER.search(clean) or not any(map(str.isalnum, part)):
        return clean
    # Only such a name needs it.
    import unicodedata

    # The same name has several forms, such as one letter with an accent and a letter followed by an accent.
    letters = [
        character
        for character in unicodedata.normalize("NFC", part)
        if unicodedata.category(character)[0] in "LMN" or not _NOT_IN_A_FOLDER.match(character)
    ]
    return ENCODED_PREFIX + "".join(letters).strip().encode("punycode").decode("ascii")
