"""docs/architecture.md: the map names files and folders that exist."""

from __future__ import annotations

import re
from pathlib import Path

from imports import ROOT, SOURCES

BASES = (ROOT, SOURCES["ace_tracing"] / "ace_tracing", SOURCES["kayba_local"] / "kayba_local")
"""The folders that the paths of the page are relative to."""


def named_paths() -> list[str]:
    """Return the paths of the page: words with a slash or with the ending of a source file."""
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    words = re.findall(r"[\w./-]+", page)
    return [word.rstrip(".") for word in words if re.search(r"[a-z]/[a-z]*|\.(py|yaml)$", word)]


def test_every_path_of_the_map_exists() -> None:
    paths = named_paths()
    assert len(paths) > 50
    assert [path for path in paths if not any((Path(base) / path).exists() for base in BASES)] == []
