"""Copies of `conventions/` in the packages that read it: run as `hatch run conventions`.

The SDK and the server import nothing of each other, so each has a copy. A test compares the copies with the source.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
SOURCE: Final = ROOT / "conventions"
PACKAGES: Final = {"ace_tracing": "ace-tracing", "kayba_local": "kayba-local"}
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
    return copies


def main() -> None:
    """Write the copies."""
    for path, text in read_copies().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
