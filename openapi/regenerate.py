"""Take a changed contract all the way: check it, generate, check what was generated, and tell what users will notice.

Run by ``hatch run regenerate [--spec FILE_OR_URL]``. Nothing in the repository changes before the contract has passed
its checks and the client made of it its own; then the contract, the client, the server's copy and the changelog's
fragment change together.

Exit codes: 0, nothing breaks users of the last release; 3, something does; 1, a step failed, and what was printed last
says which; 2, wrong arguments.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import yaml
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

import rules
from comparison.report import Report, compare
from generate import CLIENT, CONTRACT, HERE, SERVER_COPY
from released import FRAGMENT, read_current, read_released

ROOT = HERE.parent
FETCH_TIMEOUT_S = 30
FAILED = 1
BREAKS = 3


class StepError(Exception):
    """A step failed; the message is for the one who runs the command."""


def read_spec(source: str) -> str:
    """The text of a contract from a file or an http(s) URL, as YAML.

    Raises:
        StepError: It cannot be had.
    """
    try:
        if source.startswith(("http://", "https://")):
            text = httpx.get(source, follow_redirects=True, timeout=FETCH_TIMEOUT_S).raise_for_status().text
        else:
            text = Path(source).read_text(encoding="utf-8")
    except (httpx.HTTPError, OSError, UnicodeDecodeError) as error:
        raise StepError(f"cannot read {source}: {error}") from error
    if text.lstrip().startswith("{"):
        # JSON is YAML as well, but nobody would want to edit it.
        return yaml.safe_dump(parse(text), sort_keys=False, allow_unicode=True, width=120)
    return text


def parse(text: str) -> dict[str, Any]:
    """The document in a text.

    Raises:
        StepError: It is neither YAML nor JSON, or no object.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise StepError(f"the contract is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise StepError("the contract is not an object")
    return document


def check(document: dict[str, Any]) -> None:
    """Hold a contract against OpenAPI and against the project's rules.

    Raises:
        StepError: It breaks one of them; says where.
    """
    try:
        validate(document)
    except OpenAPIValidationError as error:
        place = "/".join(map(str, error.absolute_path))
        # Below its first line, the message repeats the whole contract.
        reason = error.message.partition("\n")[0]
        raise StepError(f"not valid OpenAPI at {place or 'the top'}: {reason}") from error
    if faults := rules.faults(document):
        raise StepError("\n  ".join(["the contract breaks the project's rules (openapi/README.md):", *faults]))


def lint(contract: Path) -> None:
    """Run Redocly's rules, where its environment has been made.

    Raises:
        StepError: It finds fault.
    """
    # Looked for and not made: it downloads Node.
    found = shutil.which("hatch") and subprocess.run(
        ["hatch", "env", "find", "lint-spec"], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    if found and found.returncode == 0 and Path(found.stdout.strip()).is_dir():
        run("Redocly's rules", "hatch", "run", "lint-spec:check", str(contract))
    else:
        say("Redocly's rules: skipped, its environment is not there; `hatch run lint-spec:check` makes it")


def stage(contract: Path, folder: Path) -> None:
    """Generate the client and the server's copy into a folder, and check the client's types.

    Raises:
        StepError: The generator fails, or mypy does.
    """
    python = sys.executable
    run("generate", python, str(HERE / "generate.py"), "--contract", str(contract), "--output", str(folder))
    # By a relative path, so that what has not changed since the last time is not checked again.
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'regenerate'}"
    run("types", python, "-m", "mypy", "--strict", "--no-error-summary", cache, CLIENT.name, folder=folder)


def put_in_place(staged: Mapping[Path, Path]) -> None:
    """Replace each target with the file or folder that is staged for it: all of them, or on an error none.

    A target goes when nothing is at its source.
    """
    with tempfile.TemporaryDirectory() as aside, ExitStack() as undo:
        for index, (target, source) in enumerate(staged.items()):
            kept = Path(aside, str(index))
            if target.exists():
                shutil.move(target, kept)
            undo.callback(_restore, kept, target)
            if source.is_dir():
                shutil.copytree(source, target)
            elif source.exists():
                target.parent.mkdir(exist_ok=True)
                shutil.copyfile(source, target)
        undo.pop_all()


def _restore(kept: Path, target: Path) -> None:
    if target.is_dir():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)
    if kept.exists():
        shutil.move(kept, target)


def regenerate(source: str | None) -> Report:
    """Everything but the contract tests; gives what users will notice.

    Args:
        source: Where the new contract is; None takes ``kayba.yaml`` as it stands.

    Raises:
        StepError: A step failed, and nothing has changed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contract, fragment = folder / CONTRACT.name, folder / FRAGMENT.name
        text = read_spec(source or str(CONTRACT))
        contract.write_text(text, encoding="utf-8", newline="\n")
        say("contract")
        check(parse(text))
        lint(contract)
        stage(contract, folder)
        report = compare(read_released(), read_current(contract, folder / CLIENT.name))
        if report.changes:
            fragment.write_text(report.fragment(), encoding="utf-8", newline="\n")
        staged = {CLIENT: folder / CLIENT.name, SERVER_COPY: folder / SERVER_COPY.name, FRAGMENT: fragment}
        put_in_place(staged if source is None else {CONTRACT: contract, **staged})
    return report


def run_contract_tests() -> None:
    """Run the tests of the contract, without those of this command and of the version, which its report tells.

    Raises:
        StepError: One fails. It names the operation that has no handler or no test yet.
    """
    left_out = [f"--ignore=tests/contract/{name}" for name in ("comparison", "regeneration", "test_compatibility.py")]
    tests = ("tests/contract", *left_out, "-q")
    run("contract tests", sys.executable, "-m", "pytest", *tests)


def run(step: str, *command: str, folder: Path = ROOT) -> None:
    """Run a command in a folder, by default the project's; what it prints is printed.

    Raises:
        StepError: It fails.
    """
    say(step)
    if subprocess.run(command, cwd=folder).returncode != 0:
        raise StepError(f"failed: {step}")


def say(line: str) -> None:
    print(f"regenerate: {line}", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--spec", metavar="FILE_OR_URL", help="a new contract, which replaces openapi/kayba.yaml")
    options = parser.parse_args()
    try:
        report = regenerate(options.spec)
        print(f"\n{report}\n", flush=True)
        run_contract_tests()
    except StepError as error:
        print(f"regenerate: {error}", file=sys.stderr)
        return FAILED
    return BREAKS if report.breaking else 0


if __name__ == "__main__":
    sys.exit(main())
