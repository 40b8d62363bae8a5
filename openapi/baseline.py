"""The baseline of comparisons: the contract and the client's public names of the last release.

`hatch run release-api` replaces the baseline with the working tree's state, when a version is published.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Final

import yaml

from comparison.names import describe_package
from comparison.report import Api

HERE: Final = Path(__file__).resolve().parent
CONTRACT: Final = HERE / "kayba.yaml"
PACKAGE: Final = HERE.parent / "packages" / "kayba-api"
CLIENT: Final = PACKAGE / "src" / "kayba_api"
FRAGMENT: Final = HERE.parent / "changes" / "kayba-api.md"

RELEASED: Final = HERE / "released"
RELEASED_CONTRACT: Final = RELEASED / "kayba.yaml"
RELEASED_NAMES: Final = RELEASED / "names.txt"
RELEASED_VERSION: Final = RELEASED / "version.txt"


def read_released() -> Api:
    """Read the state of the last release."""
    return Api(
        _load(RELEASED_CONTRACT),
        RELEASED_NAMES.read_text(encoding="utf-8"),
        RELEASED_VERSION.read_text(encoding="utf-8").strip(),
    )


def read_current(contract: Path = CONTRACT, client: Path = CLIENT) -> Api:
    """Read the state of the working tree, or of another contract and client."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Api(_load(contract), describe_package(client), project["version"])


def _load(contract: Path) -> Any:
    # CSafeLoader is as safe as `safe_load`, and ten times as fast.
    return yaml.load(contract.read_bytes(), yaml.CSafeLoader)


def main() -> None:
    """Replace the baseline with the working tree's state, and delete the changelog fragment."""
    current = read_current()
    RELEASED.mkdir(exist_ok=True)
    RELEASED_CONTRACT.write_bytes(CONTRACT.read_bytes())
    RELEASED_NAMES.write_text(current.names, encoding="utf-8", newline="\n")
    RELEASED_VERSION.write_text(f"{current.version}\n", encoding="utf-8", newline="\n")
    FRAGMENT.unlink(missing_ok=True)
    print(f"Changes are now compared with kayba-api {current.version}.")


if __name__ == "__main__":
    main()
