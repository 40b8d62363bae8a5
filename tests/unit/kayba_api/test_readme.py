"""The examples of the package's README run."""

from __future__ import annotations

import ast
import asyncio
import gzip
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from kayba_local import LocalServer

README = Path(__file__).parents[3] / "packages" / "kayba-api" / "README.md"


def test_the_examples_run(
    kayba_server: LocalServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KAYBA_API_URL", kayba_server.url)
    shown = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    names: dict[str, Any] = {"gzipped_otlp_json": gzip.compress(b'{"resourceSpans": []}')}
    assert len(shown) == 3
    for example in shown:
        code = compile(example, str(README), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        awaited = eval(code, names)
        if inspect.iscoroutine(awaited):
            asyncio.run(awaited)
    names["client"].close()
    stored, listed, refused, listed_again = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"stored: \['[^']+'\]", stored)
    assert listed.startswith("support.md 20")
    assert refused == "404 NOT_FOUND: No job of id unknown."
    assert listed_again == "support.md"
    assert len(names["result"].traces) == 1
