"""Make the client and the server's copy of the contract from ``kayba.yaml``.

Run by ``hatch run generate [--output DIR] [--contract FILE]``. The output depends on nothing but the contract, the
files of this folder, and the pinned versions of the generator and of ruff.
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
from typing import Any

import yaml
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.parser import GeneratorData
from openapi_python_client.parser.errors import GeneratorError
from openapi_spec_validator import validate

from facade.project import FacadeProject

HERE = Path(__file__).resolve().parent
CONTRACT = HERE / "kayba.yaml"
PACKAGES = HERE.parent / "packages"
CLIENT = PACKAGES / "kayba-api" / "src" / "kayba_api"
SERVER_COPY = PACKAGES / "kayba-local" / "src" / "kayba_local" / "openapi.json"
STYLE = ("--line-length=120", "--config=format.docstring-code-format=true")
HEADER = "# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.\n"


class GenerationError(Exception):
    """The generator could not make all of the client; what it left out would be missed only when it is called."""

    def __init__(self, errors: Sequence[GeneratorError]) -> None:
        super().__init__("\n".join(f"{error.header} {error.detail or ''}".strip() for error in errors))


def load_contract(path: Path) -> dict[str, Any]:
    """The contract in a file, checked against the OpenAPI specification.

    Raises:
        OpenAPIValidationError: It is not a valid OpenAPI document; says where.
    """
    contract: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    validate(contract)
    return contract


def write_server_copy(contract: dict[str, Any], target: Path) -> None:
    """Write the contract as compact JSON with sorted keys."""
    text = json.dumps(contract, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    target.write_text(text + "\n", encoding="utf-8", newline="\n")


def generate_client(contract: Path, target: Path) -> None:
    """Replace ``target`` with a client freshly generated from a contract; it stays as it was when generating fails.

    Raises:
        GenerationError: The generator warned or failed; says of what.
        FacadeError: An operation cannot be rendered as a method.
        subprocess.CalledProcessError: ruff failed; its output has been printed.
    """
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / target.name
        write_client(contract, fresh)
        # Isolated: the result must not depend on the configuration around the target.
        run("ruff", "check", "--isolated", "--quiet", "--select=F,I,UP", "--target-version=py311", "--fix", str(fresh))
        for module in sorted(fresh.rglob("*.py")):
            module.write_text(HEADER + module.read_text(encoding="utf-8"), encoding="utf-8", newline="\n")
        run("ruff", "format", "--isolated", "--quiet", *STYLE, "--target-version=py311", str(fresh))
        shutil.rmtree(fresh / ".ruff_cache", ignore_errors=True)
        (fresh / "py.typed").touch()
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(fresh, target)


def write_client(contract: Path, target: Path) -> None:
    """Let the generator write a client into a folder that does not exist yet, as it comes out of the templates."""
    document = yaml.safe_load(contract.read_text(encoding="utf-8"))
    settings = ConfigFile.load_from_path(HERE / "generator.yaml")
    config = Config.from_sources(settings, MetaType.NONE, contract, "utf-8", overwrite=False, output_path=target)
    data = GeneratorData.from_dict(document, config=config)
    if isinstance(data, GeneratorError):
        raise GenerationError([data])
    project = FacadeProject(openapi=data, config=config, custom_template_path=HERE / "templates")
    project.document = document
    if errors := project.build():
        raise GenerationError(errors)


def run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, help="write kayba_api/ and openapi.json here, not into the packages")
    parser.add_argument("--contract", type=Path, default=CONTRACT, help="generate from this, not from kayba.yaml")
    options = parser.parse_args()
    output: Path | None = options.output
    client, server_copy = (output / CLIENT.name, output / SERVER_COPY.name) if output else (CLIENT, SERVER_COPY)
    client.parent.mkdir(parents=True, exist_ok=True)
    contract = load_contract(options.contract)
    generate_client(options.contract, client)
    write_server_copy(contract, server_copy)


if __name__ == "__main__":
    main()
