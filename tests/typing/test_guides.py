"""The Python blocks of the guides to tracing pass a strict type checker as they are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (
    "README.md",
    "docs/guides/tracing.md",
    "docs/guides/reading.md",
    "docs/guides/services.md",
    "docs/guides/testing.md",
    "packages/ace-framework/README.md",
    "packages/ace-tracing/README.md",
    "packages/kayba-local/README.md",
)
"""Pages whose blocks form one module each."""

BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def module_of(page: str) -> str:
    """Return the blocks of a page as one module, with the line numbers of the page."""
    text = (ROOT / page).read_text(encoding="utf-8")
    module = ""
    for block in BLOCK.finditer(text):
        module += "\n" * (text.count("\n", 0, block.start(1)) - module.count("\n")) + block[1]
    return module


@pytest.mark.skipif(find_spec("mypy") is None, reason="mypy is installed in the default environment only")
def test_the_blocks_of_the_guides_pass_mypy_strict(tmp_path: Path) -> None:
    for page in PAGES:
        # One name per page, since the modules are checked together.
        (tmp_path / re.sub(r"\W", "_", page.removesuffix(".md"))).with_suffix(".py").write_text(
            module_of(page), encoding="utf-8"
        )
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *sorted(map(str, tmp_path.glob("*.py")))],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.stdout.replace(str(tmp_path), "") == "", done.stderr
