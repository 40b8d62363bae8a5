"""Count two habits of obscure English: `hatch run lint` fails above 1.0 of either in 1,000 words.

A noun clause ("what is known of a function") hides the noun; a reporting verb ("the answer tells of") hides who acts.
The count is a smoke detector. Whether a text is clear is judged by reading it.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import yaml

ROOT: Final = Path(__file__).parents[1]
LIMIT: Final = 1.0

HABITS: Final = {
    "noun clauses": re.compile(
        r"\b(what(?!'s new)|whatever|whoever|whom|all (?:of )?(?:that|there is)|those (?:that|who|whose|which)"
        r"|the one (?:that|who)|that which)\b",
        re.IGNORECASE,
    ),
    "reporting verbs": re.compile(r"\b(tell|tells|telling|told|say|says|saying|said)\b", re.IGNORECASE),
}
"""Each habit with the words that show it."""

_QUESTION: Final = re.compile(r"[^.!?\n`|]*\?")
_CODE: Final = re.compile(r"```.*?```|``[^`]*``|`[^`\n]*`", re.DOTALL)
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z'-]*")
_MESSAGE: Final = re.compile(r"(?:[A-Za-z%{}',-]+ ){3,}")


def python_texts(path: Path) -> Iterator[str]:
    """Yield the docstrings, comments and messages of a Python file."""
    source = path.read_text(encoding="utf-8")
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and "noqa" not in token.string.partition(" - ")[0]:
            yield token.string.lstrip("#! ")
    documentation = set[int]()
    for node in ast.walk(ast.parse(source)):
        # A string that stands alone documents a module, a class, a function or an attribute.
        if isinstance(node, ast.Expr):
            documentation.add(id(node.value))
        elif isinstance(node, ast.Constant):
            text = node.value
            if isinstance(text, str) and (id(node) in documentation or _MESSAGE.search(text)):
                yield text


def test_names(path: Path) -> Iterator[str]:
    """Yield the names of a file's tests, as words."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node.name.replace("_", " ")


def contract_texts(path: Path) -> Iterator[str]:
    """Yield the descriptions and summaries of an OpenAPI document."""
    pending = [yaml.safe_load(path.read_text(encoding="utf-8"))]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            yield from (node[key] for key in ("description", "summary") if isinstance(node.get(key), str))
            pending += node.values()
        elif isinstance(node, list):
            pending += node


def markdown_texts(path: Path) -> Iterator[str]:
    """Yield the text of a Markdown page."""
    yield path.read_text(encoding="utf-8")


def count(texts: Iterable[str]) -> tuple[int, dict[str, int]]:
    """Return the number of words, and how often each habit occurs outside code and questions."""
    words, found = 0, dict.fromkeys(HABITS, 0)
    for text in texts:
        prose = _QUESTION.sub("", _CODE.sub(" ", text))
        words += len(_WORD.findall(prose))
        for habit, pattern in HABITS.items():
            found[habit] += len(pattern.findall(prose))
    return words, found


def _files(*globs: str) -> list[Path]:
    # `hatch run docs:reference` writes this page from the contract, which is counted itself.
    generated = ROOT / "docs/reference/rest-api.md"
    return sorted(path for pattern in globs for path in ROOT.glob(pattern) if path != generated)


CORPORA: Final[dict[str, tuple[Callable[[Path], Iterator[str]], list[Path]]]] = {
    "code": (
        python_texts,
        _files("packages/*/src/**/*.py", "openapi/**/*.py", "examples/**/*.py", "benchmarks/**/*.py", "tools/*.py"),
    ),
    "tests": (python_texts, _files("tests/**/*.py")),
    "test names": (test_names, _files("tests/**/test_*.py")),
    "contract": (contract_texts, _files("openapi/kayba.yaml")),
    "guides": (markdown_texts, _files("*.md", "docs/**/*.md", "packages/*/README.md", "*/README.md")),
}
"""Each body of text with the reader of its files, and its files."""


def main(names: list[str]) -> int:
    """Print the figures, and with file names each line that counts.

    Args:
        names: Files to list line by line; none prints the figures of each corpus.

    Returns:
        The exit status: 1 when a figure is above `LIMIT`.
    """
    if names:
        return _list(names)
    failed = False
    for corpus, (read, files) in CORPORA.items():
        words, found = count(text for path in files for text in read(path))
        for habit, number in found.items():
            rate = 1000 * number / max(words, 1)
            failed |= rate > LIMIT
            print(f"{corpus:12} {habit:16} {rate:5.1f} in 1,000 ({number} in {words:,} words)")
    return int(failed)


def _list(names: list[str]) -> int:
    failed = False
    for name in names:
        path = Path(name).resolve()
        for read, files in CORPORA.values():
            if path not in files:
                continue
            for text in read(path):
                for line in _QUESTION.sub("", _CODE.sub(" ", text)).splitlines():
                    if any(pattern.search(line) for pattern in HABITS.values()):
                        failed = True
                        print(f"{name}: {line.strip()}")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
