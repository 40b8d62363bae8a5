"""The contract and the client's names as they were last released: what every change is compared with.

``hatch run release-api`` takes what is there now for released; it is run when a version is published.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import yaml

from comparison.names import describe
from comparison.report import Api

HERE = Path(__file__).resolve().parent
CONTRACT = HERE / "kayba.yaml"
PACKAGE = HERE.parent / "packages" / "kayba-api"
CLIENT = PACKAGE / "src" / "kayba_api"
FRAGMENT = HERE.parent / "changes" / "kayba-api.md"

INNER = ("runtime",)
"""What the client's resources stand on, and nobody imports."""

RELEASED = HERE / "released"
RELEASED_CONTRACT = RELEASED / "kayba.yaml"
RELEASED_NAMES = RELEASED / "names.txt"
RELEASED_VERSION = RELEASED / "version.txt"


def read_released() -> Api:
    """The state of the last release."""
    return Api(
        _load(RELEASED_CONTRACT),
        RELEASED_NAMES.read_text(encoding="utf-8"),
        RELEASED_VERSION.read_text(encoding="utf-8").strip(),
    )


def read_current(contract: Path = CONTRACT, client: Path = CLIENT) -> Api:
    """The state of the working tree, or of a contract and a client elsewhere."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Api(_load(contract), describe(client, INNER), project["version"])


def _load(contract: Path) -> Any:
    # Safe, and ten times as fast as `safe_load`.
    return yaml.load(contract.read_bytes(), yaml.CSafeLoader)


def main() -> None:
    """Take the working tree's state for released; nothing is different from it then, so the fragment goes."""
    current = read_current()
    RELEASED.mkdir(exist_ok=True)
    RELEASED_CONTRACT.write_bytes(CONTRACT.read_bytes())
    RELEASED_NAMES.write_text(current.names, encoding="utf-8", newline="\n")
    RELEASED_VERSION.write_text(f"{current.version}\n", encoding="utf-8", newline="\n")
    FRAGMENT.unlink(missing_ok=True)
    print(f"kayba-api {current.version} is what changes are compared with from now on.")


if __name__ == "__main__":
    main()
