"""The counter of obscure English: the habits it finds, and the text it leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest

import prose


@pytest.mark.parametrize(
    ("text", "noun_clauses", "reporting_verbs"),
    [
        ("Return what is known of the span.", 1, 0),
        ("The answer tells of the spans, and says why.", 0, 2),
        ("All that was left, whatever it is, for those who wait.", 3, 0),
        ("Return the span's attributes.", 0, 0),
        ("What is a span? A step of a run.", 0, 0),
        ("Call `what.is(said)` once.", 0, 0),
    ],
)
def test_habits_are_counted_outside_code_and_questions(text: str, noun_clauses: int, reporting_verbs: int) -> None:
    _, found = prose.count([text])
    assert found == {"noun clauses": noun_clauses, "reporting verbs": reporting_verbs}


def test_words_are_counted_without_code() -> None:
    words, _ = prose.count(["Two words ``and code``", "three more words"])
    assert words == 5


def test_a_python_file_has_docstrings_comments_and_messages(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text('"""The module."""\nx = 1  # the reason\nprint("a message of words", "key")\n', encoding="utf-8")
    assert set(prose.python_texts(path)) == {"The module.", "the reason", "a message of words"}


def test_test_names_are_read_as_words(tmp_path: Path) -> None:
    path = tmp_path / "test_module.py"
    path.write_text("def test_a_name() -> None: ...\ndef helper() -> None: ...\n", encoding="utf-8")
    assert list(prose.test_names(path)) == ["test a name"]


def test_descriptions_of_a_contract_are_read_at_any_depth(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text("info: {description: One}\npaths: {/a: {get: {summary: Two, tags: [three]}}}\n", encoding="utf-8")
    assert sorted(prose.contract_texts(path)) == ["One", "Two"]
