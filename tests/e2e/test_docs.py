"""The documentation: its Python runs and prints the shown output, and it covers every public name."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import pytest
from tests.helpers.ecosystem.provider import run_provider
from tests.helpers.programs import unexpected_lines

import ace_tracing
import kayba_api
import kayba_local
from kayba_local import LocalServer
from kayba_local.handlers import HANDLERS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PACKAGES = ("ace-framework", "ace-tracing", "kayba-local")
"""Packages whose READMEs run as they are. The README of kayba-api needs data of the reader."""
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (
        ROOT / "README.md",
        *(ROOT / "packages" / name / "README.md" for name in PACKAGES),
        *DOCS.rglob("*.md"),
    )
)

BLOCK = re.compile(r"^```python\n(.*?)^```$(?:\s+^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
EXAMPLE = re.compile(r'^```{\.python}\n--8<-- "examples/(?:frameworks/)?\w+\.py"\n```$', re.MULTILINE)
"""An included example. `{.python}` keeps ruff from formatting the include marker as Python."""

RUN = """
import ast, asyncio, contextlib, io, json, sys
printed, namespace = [], {"__name__": "page"}
for line, source in json.load(sys.stdin):
    code = compile("\\n" * line + source, sys.argv[1], "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with contextlib.redirect_stdout(io.StringIO()) as output:
        if (awaitable := eval(code, namespace)) is not None:
            asyncio.run(awaitable)
    printed.append(output.getvalue())
print(json.dumps(printed))
"""


class Block(NamedTuple):
    """A Python block with its line number in the page, its source and its shown output, if any."""

    line: int
    source: str
    output: str


def python_blocks(page: str) -> list[Block]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return [Block(text.count("\n", 0, match.start(1)), match[1], match[2] or "") for match in BLOCK.finditer(text)]


@pytest.mark.parametrize("page", [page for page in PAGES if python_blocks(page)])
def test_python_blocks_print_the_shown_output(page: str, kayba_server: LocalServer) -> None:
    blocks = python_blocks(page)
    with run_provider() as provider:
        model = {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": f"{provider.url}/v1"}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", RUN, page],
            env={**os.environ, "KAYBA_API_KEY": "kb-test", "KAYBA_API_URL": kayba_server.url, **model},
            input=json.dumps([(block.line, block.source) for block in blocks]),
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )
    assert done.returncode == 0, done.stderr
    assert unexpected_lines(done.stderr) == [], done.stderr
    printed = json.loads(done.stdout)
    shown = [block.output or text for block, text in zip(blocks, printed, strict=True)]
    assert printed == shown


@pytest.mark.parametrize("page", PAGES)
def test_every_python_block_of_a_page_is_tested(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    fences = re.findall(r"^\s*(?:```|~~~)[^\w\n]*(?:py|python|python3|pycon)\b", text, re.MULTILINE | re.IGNORECASE)
    assert len(fences) == len(BLOCK.findall(text)) + len(EXAMPLE.findall(text))


@pytest.mark.parametrize(
    ("module", "reference", "guides"),
    [
        (ace_tracing, "tracing.md", ["tracing.md", "reading.md", "services.md", "instrumentation.md"]),
        (kayba_api, "rest-client.md", ["rest-client.md"]),
        (kayba_local, "kayba-local.md", ["kayba-local.md"]),
    ],
)
def test_every_public_name_is_documented(module: ModuleType, reference: str, guides: list[str]) -> None:
    entries = re.findall(r"^::: (\S+)$", (DOCS / "reference" / reference).read_text(encoding="utf-8"), re.MULTILINE)
    documented = "".join((DOCS / "guides" / guide).read_text(encoding="utf-8") for guide in guides)
    public = [name for name in module.__all__ if not name.startswith("__")]
    assert not [name for name in public if entries.count(f"{module.__name__}.{name}") != 1], (
        "not in the reference exactly once"
    )
    assert not [name for name in public if not re.search(rf"\b{name}\b", documented)], "not in a guide"


def test_every_decision_record_is_in_the_index_and_the_site() -> None:
    records = sorted(path.name for path in (DOCS / "decisions").glob("0*.md"))
    listed = re.findall(r"\]\((0\d{3}-.+?\.md)\)", (DOCS / "decisions" / "index.md").read_text(encoding="utf-8"))
    site = re.findall(r"decisions/(0\d{3}-.+?\.md)", (ROOT / "zensical.toml").read_text(encoding="utf-8"))
    assert records == listed == site


TEXTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "*/README.md", "packages/*/README.md")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("page", TEXTS)
def test_relative_links_point_to_existing_files(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith(("http://", "https://")):
            assert (ROOT / page).parent.joinpath(target).exists(), target


TYPED = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in (
        "*.md",
        "docs/**/*.md",
        "*/README.md",
        "packages/*/README.md",
        "packages/*/src/**/*.py",
        "tools/*.py",
    )
    for path in ROOT.glob(pattern)
    if "pip install" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("page", TYPED)
def test_unpublished_packages_are_installed_from_files(page: str) -> None:
    lines = re.findall(r"pip install ([^`\n]*)", (ROOT / page).read_text(encoding="utf-8"))
    words = [word.strip("\"',)") for line in lines for word in line.split()]
    assert [word for word in words if re.match(r"(ace|kayba)[-_]", word)] == []
    assert [word for word in words if word.startswith("./") and not (ROOT / word.partition("[")[0]).is_dir()] == []


@pytest.mark.parametrize("page", ["README.md", "docs/index.md"])
def test_install_lines_name_every_required_package(page: str) -> None:
    (line,) = re.findall(r"^\$ pip install (\./.*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert line.split() == ["./packages/kayba-api", "./packages/ace-tracing", "./packages/ace-framework"]


def test_the_readme_lists_every_command() -> None:
    environments = tomllib.loads((ROOT / "hatch.toml").read_text(encoding="utf-8"))["envs"]
    commands: set[str] = set()
    parts: set[str] = set()
    for environment, settings in environments.items():
        prefix = "" if environment == "default" else f"{environment}:"
        for name, steps in settings.get("scripts", {}).items():
            commands.add(f"hatch run {prefix}{name}")
            # A script that another script calls need not be documented.
            parts.update(
                f"hatch run {prefix}{step.split()[0]}" for step in ([steps] if isinstance(steps, str) else steps)
            )
    documented = set(re.findall(r"`(hatch run [a-z:-]+)[` ]", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert commands - parts <= documented <= commands


def test_the_guide_documents_every_server_option() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "kayba_local", "serve", "--help"],
        env={**os.environ, "COLUMNS": "200"},
        check=True,
        capture_output=True,
        encoding="utf-8",
    ).stdout
    documented = (DOCS / "guides" / "kayba-local.md").read_text(encoding="utf-8")
    options = set(re.findall(r"--[a-z][a-z-]+|KAYBA_[A-Z_]+", shown)) - {"--help"}
    assert options == set(
        re.findall(r"--[a-z][a-z-]+|KAYBA_[A-Z_]+", documented.partition("## Options")[2].partition("\n\n## ")[0])
    )


def test_the_guide_lists_every_unimplemented_operation() -> None:
    contract = json.loads(resources.files(kayba_local).joinpath("openapi.json").read_bytes())
    operations = {
        node["operationId"]
        for path in contract["paths"].values()
        for node in path.values()
        if isinstance(node, dict) and "operationId" in node
    }
    documented = (DOCS / "guides" / "kayba-local.md").read_text(encoding="utf-8").partition("## Limitations")[2]
    table = "\n".join(line for line in documented.splitlines() if line.startswith("|"))
    assert set(re.findall(r"`(\w+)`", table)) == operations - HANDLERS.keys()
