"""Comparison of the client's names: which changes are breaking, and the next version."""

from __future__ import annotations

import pytest

from comparison.change import Change, next_version
from comparison.names import compare_names

NAMES = """
from typing import Literal
class kayba_api:
    class Client:
        def __init__(base_url: str = '', *, key: str = ''): ...
        def get(id: str, deep: bool = False) -> str | bytes: ...
        def close(): ...
    class models:
        class Answer:
            def __init__(id: str): ...
            id: str
            state: Literal['new', 'done']
            found: Page[A | B]
"""


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("def close(", "def aclose(", ["Client.aclose: added", "! Client.close: removed"]),
        (
            "id: str, deep",
            "name: str, deep",
            ["! Client.get: parameter `id` removed", "! Client.get: required parameter `name` added"],
        ),
        (", deep: bool = False", "", ["! Client.get: parameter `deep` removed"]),
        ("deep: bool = False", "deep: bool", ["! Client.get: parameter `deep` is now required"]),
        ("deep: bool = False", "deep: bool = 1", ["! Client.get: default of parameter `deep` changed"]),
        ("id: str, deep", "id: str, *, deep", ["! Client.get: kind or position of parameter `deep` changed"]),
        ("key: str = ''", "key: str = '', n: int = 1", ["Client.__init__: optional parameter `n` added"]),
        ("key: str = ''", "n: int, key: str = ''", ["! Client.__init__: required parameter `n` added"]),
        ("(id: str): ...", "(id: str, n: int): ...", []),
        (
            "-> str | bytes",
            "-> bytes | str | None",
            ["! Client.get: return type changed from str | bytes to bytes | str | None"],
        ),
        ("-> str | bytes", "-> bytes", ["Client.get: return type changed from str | bytes to bytes"]),
        (
            "key: str =",
            "key: str | None =",
            ["Client.__init__: type of parameter `key` changed from str to str | None"],
        ),
        ("deep: bool", "deep: int", ["! Client.get: type of parameter `deep` changed from bool to int"]),
        ("            id: str", "            id: int", ["! models.Answer.id: type changed from str to int"]),
        (
            "['new', 'done']",
            "['new']",
            ["models.Answer.state: type changed from Literal['new', 'done'] to Literal['new']"],
        ),
        ("Page[A | B]", "Page[A]", ["models.Answer.found: type changed from Page[A | B] to Page[A]"]),
        ("Page[A | B]", "Page[C]", ["! models.Answer.found: type changed from Page[A | B] to Page[C]"]),
        ("class Client", "class Server", ["! Client: removed", "Server: added"]),
        ("class models", "class model", ["model: added", "! models: removed"]),
    ],
)
def test_a_name_change_is_reported(old: str, new: str, expected: list[str]) -> None:
    assert old in NAMES
    found = compare_names(NAMES, NAMES.replace(old, new), {"Answer"})
    assert [f"{'! ' if change.breaking else ''}{change}".replace("kayba_api.", "") for change in found] == expected


@pytest.mark.parametrize(
    ("released", "breaking", "follows"),
    [
        ("0.1.4", [], "0.1.4"),
        ("0.1.4", [False], "0.1.5"),
        ("0.1.4", [False, True], "0.2.0"),
        ("1.2.3", [False], "1.3.0"),
        ("1.2.3", [True], "2.0.0"),
    ],
)
def test_the_next_version_follows_the_changes(released: str, breaking: list[bool], follows: str) -> None:
    assert next_version(released, [Change("model", "A", "changed", each) for each in breaking]) == follows
