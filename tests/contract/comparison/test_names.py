"""Which differences of the client's names break, and which version follows."""

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
        ("def close(", "def aclose(", ["Client.aclose added", "! Client.close removed"]),
        (
            "id: str, deep",
            "name: str, deep",
            ["! Client.get gained the required parameter `name`", "! Client.get lost the parameter `id`"],
        ),
        (", deep: bool = False", "", ["! Client.get lost the parameter `deep`"]),
        ("deep: bool = False", "deep: bool", ["! Client.get has the parameter `deep` required now"]),
        ("deep: bool = False", "deep: bool = 1", ["! Client.get has another default of the parameter `deep`"]),
        ("id: str, deep", "id: str, *, deep", ["! Client.get takes the parameter `deep` in another way or place"]),
        ("key: str = ''", "key: str = '', n: int = 1", ["Client.__init__ gained the optional parameter `n`"]),
        ("key: str = ''", "n: int, key: str = ''", ["! Client.__init__ gained the required parameter `n`"]),
        ("(id: str): ...", "(id: str, n: int): ...", []),
        ("-> str | bytes", "-> bytes | str | None", ["! Client.get gives bytes | str | None now, gave str | bytes"]),
        ("-> str | bytes", "-> bytes", ["Client.get gives bytes now, gave str | bytes"]),
        ("key: str =", "key: str | None =", ["Client.__init__ takes str | None as `key` now, took str"]),
        ("deep: bool", "deep: int", ["! Client.get takes int as `deep` now, took bool"]),
        ("            id: str", "            id: int", ["! models.Answer.id is int now, was str"]),
        ("['new', 'done']", "['new']", ["models.Answer.state is Literal['new'] now, was Literal['new', 'done']"]),
        ("Page[A | B]", "Page[A]", ["models.Answer.found is Page[A] now, was Page[A | B]"]),
        ("Page[A | B]", "Page[C]", ["! models.Answer.found is Page[C] now, was Page[A | B]"]),
        ("class Client", "class Server", ["! Client removed", "Server added"]),
        ("class models", "class model", ["model added", "! models removed"]),
    ],
)
def test_names_that_differ(old: str, new: str, expected: list[str]) -> None:
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
def test_the_version_that_follows(released: str, breaking: list[bool], follows: str) -> None:
    assert next_version(released, [Change("model", "A", "is other", each) for each in breaking]) == follows
