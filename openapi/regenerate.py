"""Regeneration: check a changed contract, generate the client, check it, and report the changes for users.

Run as `hatch run regenerate [--spec FILE_OR_URL]`. The repository changes only after the contract and the generated
client have passed their checks. Then the contract, the client, the server's copy and the changelog fragment change
together.

Exit codes: 0 if no change breaks users of the last release, 3 if one does, 1 if a step failed (the last line of the
output names it), 2 for wrong arguments.
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
from typing import Any, Final

import httpx
import yaml
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

import rules
from baseline import FRAGMENT, read_current, read_released
from comparison.report import Report, compare
from generate import CLIENT, CONTRACT, HERE, SERVER_COPY

ROOT: Final = HERE.parent
FETCH_TIMEOUT_S: Final = 30
EXIT_FAILED: Final = 1
EXIT_BREAKING: Final = 3


class StepError(Exception):
    """A step failed. The command prints the message."""


def read_spec(source: str) -> str:
    """Return the text of a contract from a file or an http(s) URL, as YAML.

    Raises:
        StepError: The source cannot be read.
    """
    try:
        if source.startswith(("http://", "https://")):
            text = httpx.get(source, follow_redirects=True, timeout=FETCH_TIMEOUT_S).raise_for_status().text
        else:
            text = Path(source).read_text(encoding="utf-8")
    except (httpx.HTTPError, OSError, UnicodeDecodeError) as error:
        raise StepError(f"cannot read {source}: {error}") from error
    if text.lstrip().startswith("{"):
        # JSON is valid YAML, but hard to edit.
        return yaml.safe_dump(parse_spec(text), sort_keys=False, allow_unicode=True, width=120)
    return text


def parse_spec(text: str) -> dict[str, Any]:
    """Return the document in a YAML or JSON text.

    Raises:
        StepError: The text is not valid, or the document is not an object.
    """
    try:
        document = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise StepError(f"the contract is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise StepError("the contract is not an object")
    return document


def check(document: dict[str, Any]) -> None:
    """Check a contract against the OpenAPI specification and the project's rules.

    Raises:
        StepError: The contract breaks a rule. The message contains the place.
    """
    try:
        validate(document)
    except OpenAPIValidationError as error:
        place = "/".join(map(str, error.absolute_path))
        # After its first line, the message repeats the whole contract.
        reason = error.message.partition("\n")[0]
        raise StepError(f"not valid OpenAPI at {place or 'the top'}: {reason}") from error
    if violations := rules.violations(document):
        raise StepError("\n  ".join(["the contract breaks the project's rules (openapi/README.md):", *violations]))


def lint(contract: Path) -> None:
    """Run Redocly's linter, if its environment exists.

    Raises:
        StepError: The linter reports an error.
    """
    # The environment is not created here: that downloads Node.
    found = shutil.which("hatch") and subprocess.run(
        ["hatch", "env", "find", "lint-spec"], cwd=ROOT, capture_output=True, encoding="utf-8"
    )
    if found and found.returncode == 0 and Path(found.stdout.strip()).is_dir():
        run("Redocly's rules", "hatch", "run", "lint-spec:check", str(contract))
    else:
        log_step("Redocly's rules: skipped, no environment; run `hatch run lint-spec:check` once to create it")


def stage(contract: Path, folder: Path) -> None:
    """Generate the client and the server's copy into a folder, and check the client's types.

    Raises:
        StepError: The generator or mypy failed.
    """
    python = sys.executable
    run("generate", python, str(HERE / "generate.py"), "--contract", str(contract), "--output", str(folder))
    # A relative path, so mypy's cache is valid for another temporary folder.
    cache = f"--cache-dir={ROOT / '.mypy_cache' / 'regenerate'}"
    run("types", python, "-m", "mypy", "--strict", "--no-error-summary", cache, CLIENT.name, folder=folder)


def replace_all(staged: Mapping[Path, Path]) -> None:
    """Replace each target with the file or folder staged for it: all of them, or none if one fails.

    Args:
        staged: The source of each target. A target whose source does not exist is deleted.
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
    """Run all steps except the contract tests, and return the report of changes.

    Args:
        source: File or URL of the new contract; None means `kayba.yaml` in its current state.

    Raises:
        StepError: A step failed. The repository has not changed.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contract, fragment = folder / CONTRACT.name, folder / FRAGMENT.name
        text = read_spec(source or str(CONTRACT))
        contract.write_text(text, encoding="utf-8", newline="\n")
        log_step("contract")
        check(parse_spec(text))
        lint(contract)
        stage(contract, folder)
        report = compare(read_released(), read_current(contract, folder / CLIENT.name))
        if report.changes:
            fragment.write_text(report.fragment(), encoding="utf-8", newline="\n")
        staged = {CLIENT: folder / CLIENT.name, SERVER_COPY: folder / SERVER_COPY.name, FRAGMENT: fragment}
        replace_all(staged if source is None else {CONTRACT: contract, **staged})
    return report


def run_contract_tests() -> None:
    """Run the contract tests, except the tests of this command and of the version, which the report covers.

    Raises:
        StepError: A test failed. Its output names an operation that has no handler or no test yet.
    """
    ignored = [f"--ignore=tests/contract/{name}" for name in ("comparison", "regeneration", "test_compatibility.py")]
    tests = ("tests/contract", *ignored, "-q")
    run("contract tests", sys.executable, "-m", "pytest", *tests)


def run(step: str, *command: str, folder: Path = ROOT) -> None:
    """Run a command in a folder, by default the project's. Its output is printed.

    Raises:
        StepError: The command failed.
    """
    log_step(step)
    if subprocess.run(command, cwd=folder).returncode != 0:
        raise StepError(f"failed: {step}")


def log_step(line: str) -> None:
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
        return EXIT_FAILED
    return EXIT_BREAKING if report.breaking else 0


if __name__ == "__main__":
    sys.exit(main())
