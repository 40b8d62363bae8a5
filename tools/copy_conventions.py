"""Copies of `conventions/` in the packages that read it, and its table in the guide: run as `hatch run conventions`.

The SDK and the server import nothing of each other, so each has a copy. A test compares the copies with the source.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "conventions"
PACKAGES: Final = {"ace_tracing": "ace-tracing", "kayba_local": "kayba-local"}
GUIDE: Final = ROOT / "docs" / "guides" / "conventions.md"
TABLE_START: Final = "<!-- table -->\n"
TABLE_END: Final = "<!-- end of table -->"
HEADER: Final = "# Copied from conventions/ by `hatch run conventions`; do not edit.\n"


def read_copies() -> dict[Path, str]:
    """Return the text of each copied file by its path."""
    copies = {}
    for package, distribution in PACKAGES.items():
        target = ROOT / "packages" / distribution / "src" / package / "conventions"
        for path in sorted(SOURCE.iterdir()):
            text = path.read_text(encoding="utf-8") if path.suffix in (".py", ".json") else ""
            if path.suffix == ".py":
                text = HEADER + text.replace("from conventions", f"from {package}.conventions")
            if text:
                copies[target / path.name] = text
    head, rest = GUIDE.read_text(encoding="utf-8").split(TABLE_START)
    copies[GUIDE] = head + TABLE_START + render_table() + TABLE_END + rest.split(TABLE_END)[1]
    return copies


def render_table() -> str:
    """Return the names that are read as a table in Markdown."""
    names = json.loads((SOURCE / "names.json").read_text(encoding="utf-8"))
    families = names["families"]
    lines = [f"| attribute | {' | '.join(families.values())} |", "|---" * (len(families) + 1) + "|"]
    for attribute, row in _rows(names):
        cells = ["<br>".join(f"`{_name(entry)}`" for entry in row[family]) or "\N{EN DASH}" for family in families]
        lines.append(f"| `{attribute}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _rows(names: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for row in names.values():
        if "attribute" in row:
            for part, fields in row.get("fields", {"": row}).items():
                yield f"{row['attribute']}.{part}".removesuffix("."), fields


def _name(entry: str | dict[str, str]) -> str:
    if isinstance(entry, str):
        return entry
    return f"{entry['name']} ({entry['spans']}…)" if "spans" in entry else entry["name"]


def main() -> None:
    """Write the copies."""
    for path, text in read_copies().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
