"""An agent that answers questions about Python's standard library from its own documentation.

It needs no network, no key and no model: the documents are the docstrings of the modules installed with Python. Its
steps are plan, look up, retrieve, rank and answer, as in other retrieval agents. `demo.py` runs it with a local Kayba
server.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import math
import re
from collections import Counter
from typing import NamedTuple

from ace.tracing import start_span, trace

_MODULES = """
argparse array ast asyncio base64 bisect calendar collections concurrent.futures configparser contextlib copy csv
dataclasses datetime decimal difflib email.message enum fnmatch fractions functools getpass glob gzip hashlib heapq hmac
html http.client http.server inspect io ipaddress itertools json logging math mimetypes multiprocessing operator os
os.path pathlib pickle platform pprint queue random re sched secrets shelve shlex shutil signal socket sqlite3 ssl
statistics string struct subprocess sys tarfile tempfile textwrap threading time timeit tomllib traceback types typing
unicodedata unittest.mock urllib.parse urllib.request uuid warnings weakref zipfile zlib zoneinfo
"""
MODULES = _MODULES.split()

_COMMON_WORDS = """
a an and are as at be by can do does for from how i in is it my of on or python that the to use way what when which with
"""
COMMON_WORDS = frozenset(_COMMON_WORDS.split())


class Document(NamedTuple):
    """The documentation of one module, class or function."""

    name: str
    text: str


class Hit(NamedTuple):
    """A found document with its score."""

    score: float
    name: str
    summary: str


class Plan(NamedTuple):
    """The search terms, and the dotted names to look up directly."""

    terms: list[str]
    guesses: list[str]


def words(text: str) -> list[str]:
    """Return the words of a text in lower case, without plural endings and common words."""
    found = re.findall(r"[a-z][a-z0-9]+", text.lower())
    return [word.removesuffix("s") if len(word) > 3 else word for word in found if word not in COMMON_WORDS]


@functools.cache
def library() -> list[Document]:
    """Return the documentation of every public name in `MODULES`."""
    documents = []
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        documents.append(Document(module_name, inspect.getdoc(module) or ""))
        for name in getattr(module, "__all__", None) or dir(module):
            member = getattr(module, name, None)
            if not name.startswith("_") and callable(member) and (text := inspect.getdoc(member)):
                documents.append(Document(f"{module_name}.{name}", text))
    return documents


@functools.cache
def index() -> dict[str, Counter[int]]:
    """Return the count of each word in each document. A word in the name counts five times."""
    postings: dict[str, Counter[int]] = {}
    for number, document in enumerate(library()):
        for word in words(document.name.replace(".", " ").replace("_", " ")) * 5 + words(document.text):
            postings.setdefault(word, Counter())[number] += 1
    return postings


@trace(span_type="CHAIN")
def plan(question: str) -> Plan:
    """Choose the search terms and the names to look up directly."""
    terms = list(dict.fromkeys(words(question)))
    modules = [term for term in terms if term in MODULES]
    guesses = [f"{module}.{term}" for module in modules for term in terms if term != module]
    return Plan(terms, guesses[:2])


@trace(span_type="TOOL")
def look_up(name: str) -> Document:
    """Read the documentation of one dotted name, such as `json.loads`."""
    module, _, member = name.rpartition(".")
    text = inspect.getdoc(getattr(importlib.import_module(module), member))
    return Document(name, text or "")


@trace(span_type="RETRIEVER")
def retrieve(terms: list[str], limit: int = 40) -> list[str]:
    """Find the documents that contain the most terms."""
    found: Counter[int] = Counter()
    for term in terms:
        found.update(dict.fromkeys(index().get(term, ()), 1))
    return [library()[number].name for number, _ in found.most_common(limit)]


@trace(span_type="RERANKER")
def rank(terms: list[str], names: list[str], limit: int = 3) -> list[Hit]:
    """Order documents by BM25: rare terms weigh more, repetitions and long documents weigh less."""
    numbers = {document.name: number for number, document in enumerate(library())}
    hits = []
    for name in names:
        text = library()[numbers[name]].text
        score = 0.0
        for term in terms:
            postings = index().get(term, Counter())
            rarity = math.log(1 + len(library()) / (1 + len(postings)))
            count = postings[numbers[name]]
            score += rarity * count * 2.2 / (count + 0.5 + len(text) / 1500)
        hits.append(Hit(round(score, 2), name, text.partition("\n\n")[0].replace("\n", " ")))
    return sorted(hits, reverse=True)[:limit]


@trace(span_type="CHAIN")
def compose(question: str, hits: list[Hit], read: list[Document]) -> str:
    """Write the answer from the documents that were looked up and found."""
    if not hits and not read:
        return f"The standard library's documentation has no entry for {question!r}."
    lines = [f"{document.name}: {document.text.partition(chr(10) * 2)[0]}" for document in read]
    lines += [f"{hit.name}: {hit.summary[:200]}" for hit in hits]
    return "\n".join(dict.fromkeys(lines))


@trace(name="docs-agent", span_type="AGENT")
def answer(question: str) -> str:
    """Answer a question about the standard library."""
    plan_ = plan(question)
    read = []
    for guess in plan_.guesses:
        try:
            read.append(look_up(guess))
        except (ImportError, AttributeError):
            # A guess may name no existing object. The trace contains the error, and the agent continues.
            continue
    with start_span("search", span_type="CHAIN", attributes={"documents": len(library())}) as span:
        span.set_inputs({"terms": plan_.terms})
        hits = rank(plan_.terms, retrieve(plan_.terms))
        span.set_outputs({"best": hits[0].name if hits else None, "hits": len(hits)})
    return compose(question, hits, read)


if __name__ == "__main__":
    print(answer("How do I read a gzip file?"))
