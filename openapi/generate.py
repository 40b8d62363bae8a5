"""Generator of the client and of the server's copies of the contracts.

Run as `hatch run generate [--output DIR] [--contract FILE]`. The output depends only on the contract, the files in this
folder, and the pinned versions of openapi-python-client and ruff.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import yaml
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_spec_validator import validate

from resources.project import ClientProject

HERE: Final = Path(__file__).resolve().parent
CONTRACT: Final = HERE / "kayba.yaml"
EXPLORE_CONTRACT: Final = HERE / "explore.yaml"
"""The contract of the operations that only kayba-local has. No client is generated from it."""
PACKAGES: Final = HERE.parent / "packages"
CLIENT: Final = PACKAGES / "kayba-api" / "src" / "kayba_api"
SERVER: Final = PACKAGES / "kayba-local" / "src" / "kayba_local"
SERVER_COPY: Final = SERVER / "openapi.json"
EXPLORE_COPY: Final = SERVER / "explore.json"
FORMAT_OPTIONS: Final = ("--line-length=120", "--config=format.docstring-code-format=true")
RUNTIME: Final = HERE / "runtime"
HEADER: Final = "# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.\n"
RUNTIME_HEADER: Final = "# Copied from openapi/runtime by `hatch run generate`; do not edit.\n"


class GenerationError(Exception):
    """The generator failed, or left out a part of the client."""

    def __init__(self, errors: Sequence[GeneratorError]) -> None:
        super().__init__("\n".join(f"{error.header} {error.detail or ''}".strip() for error in errors))


def load_contract(path: Path) -> dict[str, Any]:
    """Read a contract from a file and validate it against the OpenAPI specification.

    Raises:
        OpenAPIValidationError: The file is not a valid OpenAPI document. The error contains the place.
    """
    contract: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    validate(contract)
    return contract


def write_server_copy(contract: dict[str, Any], target: Path) -> None:
    """Write the contract as compact JSON with sorted keys."""
    text = json.dumps(contract, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    target.write_text(text + "\n", encoding="utf-8", newline="\n")


def generate_client(contract: Path, target: Path) -> None:
    """Generate a client from a contract and replace `target` with it.

    If the generation fails, `target` does not change.

    Raises:
        GenerationError: The generator warned or failed. The error contains its messages.
        ResourceError: An operation cannot be rendered as a method.
        subprocess.CalledProcessError: ruff failed. Its output has been printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / target.name
        write_client(contract, fresh)
        # Isolated, so the result does not depend on a configuration near the target.
        run("ruff", "check", "--isolated", "--quiet", "--select=F,I,UP", "--target-version=py311", "--fix", str(fresh))
        for module in sorted(fresh.rglob("*.py")):
            module.write_text(HEADER + module.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
        run("ruff", "format", "--isolated", "--quiet", *FORMAT_OPTIONS, "--target-version=py311", str(fresh))
        shutil.rmtree(fresh / ".ruff_cache", ignore_errors=True)
        copy_runtime(fresh)
        (fresh / "py.typed").touch()
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(fresh, target)


def write_client(contract: Path, target: Path) -> None:
    """Write a client into a folder that does not exist yet, without formatting it."""
    document = yaml.safe_load(contract.read_text(encoding="utf-8"))
    settings = ConfigFile.load_from_path(HERE / "generator.yaml")
    config = Config.from_sources(settings, MetaType.NONE, contract, "utf-8", overwrite=False, output_path=target)
    data = GeneratorData.from_dict(document, config=config)
    if isinstance(data, GeneratorError):
        raise GenerationError([data])
    project = ClientProject(openapi=data, config=config, custom_template_path=HERE / "templates")
    project.document = document
    if errors := project.build():
        raise GenerationError(errors)


def copy_runtime(package: Path) -> None:
    """Copy the runtime's modules into a client, unchanged below a header."""
    for module in sorted(RUNTIME.glob("*.py")):
        if module.name != "__init__.py":
            text = RUNTIME_HEADER + module.read_text(encoding="utf-8")
            (package / module.name).write_text(text, encoding="utf-8", newline="\n")


def run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--output",
        type=Path,
        help="write kayba_api/ and the copies of the contracts into this folder instead",
    )
    parser.add_argument("--contract", type=Path, default=CONTRACT, help="generate from this file instead of kayba.yaml")
    options = parser.parse_args()
    output: Path | None = options.output
    targets = (CLIENT, SERVER_COPY, EXPLORE_COPY)
    client, server_copy, explore_copy = (output / target.name for target in targets) if output else targets
    client.parent.mkdir(parents=True, exist_ok=True)
    contract = load_contract(options.contract)
    generate_client(options.contract, client)
    write_server_copy(contract, server_copy)
    write_server_copy(load_contract(EXPLORE_CONTRACT), explore_copy)


if __name__ == "__main__":
    main()
