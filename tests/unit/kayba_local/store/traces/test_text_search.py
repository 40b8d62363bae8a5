"""Text search: words and phrases in the texts of spans, and the full-text index behind it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.tracing_requests import TRACES, Json, location, otlp, search_ids, send, span, trace_id

from kayba_local import LocalServer
from kayba_local.otlp import json_requests as from_json
from kayba_local.store import database
from kayba_local.store.database import Database
from kayba_local.store.schema import text as text_schema
from kayba_local.store.span_text import MAX_INDEXED_CHARACTERS
from kayba_local.store.traces import client_info, ingest, search, text_index
from kayba_local.store.traces.traces import TraceInfo
from kayba_local.upkeep import deletion

DEADLINE_S = 60.0


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Database]:
    opened = Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")
    yield opened
    opened.close()


def store(db: Database, *spans: Json) -> None:
    ingest.store_spans(db, "0", from_json.read(otlp(spans)))


def step(trace: int, number: int = 1, inputs: Any = None, outputs: Any = None, **fields: Any) -> Json:
    """Return a span with inputs and outputs, as the SDK encodes them."""
    values = {"mlflow.spanInputs": inputs, "mlflow.spanOutputs": outputs}
    attributes = {key: json.dumps(value) for key, value in values.items() if value is not None}
    return span(trace, number, attributes=attributes | fields.pop("attributes", {}), **fields)


def found(db: Database, filter_text: str) -> set[int]:
    """Return the numbers of the traces that a filter finds."""
    return {int(info.trace_id[3:], 16) for info in search.search(db, ["0"], filter_text, limit=500).infos}


def test_words_are_found_in_names_inputs_outputs_and_errors(db: Database) -> None:
    exception = {
        "name": "exception",
        "timeUnixNano": "1",
        "attributes": [{"key": "exception.message", "value": {"stringValue": "quota exceeded"}}],
    }
    store(
        db,
        step(1, inputs={"question": "Where is my parcel?"}),
        step(2, outputs=["It is in", "Lisbon"]),
        step(3, name="plan journey"),
        step(4, status={"code": 2, "message": "ValueError: unreadable"}),
        step(5, events=[exception]),
        step(6, inputs={"n": 48213}),
    )
    expected = {"parcel": 1, "Lisbon": 2, "journey": 3, "unreadable": 4, "quota": 5, "48213": 6}
    for word, number in expected.items():
        assert found(db, word) == {number}, word


def test_case_and_accents_do_not_matter(db: Database) -> None:
    store(db, step(1, inputs="Ein CAFÉ in der Straße ΟΔΟΣ"))
    for word in ("café", "CAFE", "Cafe", "straße", "οδοσ"):
        assert found(db, word) == {1}, word


def test_a_phrase_has_its_words_in_order_and_within_a_value(db: Database) -> None:
    store(db, step(1, inputs=["a red bicycle", "and a car"]), step(2, inputs="bicycle, red"))
    assert found(db, "red bicycle") == found(db, "bicycle AND red") == {1, 2}
    assert found(db, '"red bicycle"') == found(db, "'Red Bicycle'") == {1}


def test_a_star_finds_the_beginnings_of_words(db: Database) -> None:
    store(db, step(1, inputs="refunds"), step(2, inputs="refund"), step(3, inputs="prerefund"))
    assert found(db, "refund") == {2}
    assert found(db, "refund*") == {1, 2}


def test_ideographs_are_words_of_their_own(db: Database) -> None:
    store(db, step(1, inputs="我的退款在哪里"), step(2, inputs="款退"), step(3, inputs="パリの天気"))
    assert found(db, "退款") == {1}
    assert found(db, "退 款") == {1, 2}
    assert found(db, "天気") == {3}


def test_escapes_of_json_do_not_hide_words(db: Database) -> None:
    store(db, step(1, inputs={"text": 'first\nsecond said "third"'}))
    assert found(db, "second") == found(db, "third") == found(db, '"first second"') == {1}


def test_words_join_with_conditions(db: Database) -> None:
    store(
        db,
        step(1, inputs="refund please", status={"code": 2}),
        step(2, inputs="refund please"),
        step(3, inputs="hello", status={"code": 2}),
    )
    assert found(db, "refund status = 'ERROR'") == found(db, "status = 'ERROR' refund") == {1}
    assert found(db, "refund NOT status = 'ERROR'") == {2}
    assert found(db, "refund OR hello") == {1, 2, 3}
    assert found(db, "(refund OR hello) AND status = 'ERROR'") == {1, 3}
    assert found(db, "NOT refund") == {3}
    assert found(db, "please, refund ?") == {1, 2}


def test_names_of_fields_and_operators_are_also_words(db: Database) -> None:
    store(db, step(1, inputs="an error in the model is like this"), step(2, inputs="let's go"))
    for text in ("error", "model", "error model", "the is", "like this", '"model is"'):
        assert found(db, text) == {1}, text
    assert found(db, "let's") == {2}


def test_words_of_one_search_may_be_in_different_spans(db: Database) -> None:
    store(db, step(1, 1, inputs="refund"), step(1, 2, inputs="parcel", parent=1), step(2, inputs="refund"))
    assert found(db, "refund parcel") == {1}


def test_long_texts_are_indexed_up_to_the_limit(db: Database) -> None:
    filler = "x " * MAX_INDEXED_CHARACTERS
    store(db, step(1, inputs=f"early {filler} late", outputs="answer"))
    assert found(db, "early") == found(db, "answer") == {1}
    assert found(db, "late") == set()
    assert found(db, "text LIKE '%late%'") == {1}


def test_previews_of_traces_without_spans_are_found(db: Database) -> None:
    info = TraceInfo(trace_id(1), "0", 1, None, "OK", request_preview="Where is it?", response_preview="In Lisbon")
    client_info.save_info(db, info)
    assert found(db, "lisbon") == {1}
    deletion.delete(db, "0", [trace_id(1)])
    client_info.save_info(db, TraceInfo(trace_id(2), "0", 1, None, "OK"))
    assert found(db, "lisbon") == set()


def test_changed_previews_replace_their_words(db: Database) -> None:
    for preview in ("In Lisbon", "In Porto"):
        info = TraceInfo(trace_id(1), "0", 1, None, "OK", response_preview=preview)
        client_info.save_info(db, info)
        assert found(db, preview.split()[1]) == {1}
    assert found(db, "lisbon") == set()


def test_spans_of_earlier_versions_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    current, earlier = tmp_path / "current.db", tmp_path / "earlier.db"
    db = Database.open(f"sqlite:///{current}")
    store(db, step(1, inputs="refund"))
    client_info.save_info(db, TraceInfo(trace_id(2), "0", 1, None, "OK", request_preview="parcel"))
    db.close()
    steps = database.STEPS
    with monkeypatch.context() as of_earlier:
        of_earlier.setattr(database, "STEPS", steps[: steps.index(text_schema.INITIAL)])
        Database.open(f"sqlite:///{earlier}").close()
    copy_rows(current, earlier)
    db = Database.open(f"sqlite:///{earlier}")
    assert (found(db, "refund"), found(db, "parcel")) == ({1}, {2})
    db.close()


def copy_rows(current: Path, earlier: Path) -> None:
    """Copy the traces and spans of a store into one of an earlier version, without the columns that it lacks."""
    with closing(sqlite3.connect(earlier)) as connection:
        connection.execute("ATTACH ? AS current", (str(current),))
        for table in ("traces", "spans", "span_contents"):
            names = ", ".join(name for _, name, *_ in connection.execute(f"PRAGMA main.table_info({table})"))
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM current.{table}")
        connection.commit()


def test_words_are_found_while_another_process_writes(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_S", 0.0)
    store(db, step(1, inputs="refund"))
    assert found(db, "refund") == {1}
    store(db, step(2, inputs="refund"))
    db.close()
    db = Database.open(f"sqlite:///{tmp_path / 'kayba.db'}")
    with closing(sqlite3.connect(db.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert found(db, "refund") == {1}
        other.rollback()
    assert found(db, "refund") == {1, 2}
    db.close()


def test_a_later_version_of_a_span_replaces_its_words(db: Database) -> None:
    store(db, step(1, inputs="question", end_ns=0))
    assert found(db, "question") == {1}
    store(db, step(1, inputs="question", outputs="answer"))
    assert found(db, "answer") == {1}
    store(db, step(1, inputs="question", outputs="correction"))
    assert found(db, "answer") == set()
    assert found(db, "correction") == {1}


texts = st.lists(st.sampled_from(["alpha", "beta", "gamma"]), min_size=1, max_size=3).map(" ".join)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.integers(1, 4), st.integers(1, 2), texts),
        st.tuples(st.just("delete"), st.integers(1, 4)),
        st.tuples(st.just("index")),
    ),
    max_size=25,
)


@settings(deadline=None, max_examples=60)
@given(operations)
def test_the_index_follows_every_change(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[Any, ...]]
) -> None:
    db = Database.open(f"sqlite:///{tmp_path_factory.mktemp('index') / 'kayba.db'}")
    expected: dict[int, dict[int, str]] = {}
    for time_ns, change in enumerate(changes, 10**18):
        if change[0] == "store":
            _, trace, number, text = change
            store(db, step(trace, number, inputs=text, start_ns=10**18 - 1, end_ns=time_ns))
            expected.setdefault(trace, {})[number] = text
        elif change[0] == "delete":
            deletion.delete(db, "0", [trace_id(change[1])])
            expected.pop(change[1], None)
        else:
            assert text_index.update(db)
    for word in ("alpha", "beta", "gamma"):
        assert found(db, word) == {
            trace for trace, spans in expected.items() if any(word in text.split() for text in spans.values())
        }
    with db.read() as tx:
        counts = tx.rows("SELECT count(*) FROM text_index WHERE text_index MATCH 'alpha OR beta OR gamma OR step'")
        assert counts[0][0] == sum(map(len, expected.values()))
    db.close()


def test_the_server_indexes_without_a_search(kayba_server: LocalServer) -> None:
    with httpx.Client(base_url=kayba_server.url) as http:
        send(http, step(1, inputs="refund"))
        deadline = time.monotonic() + DEADLINE_S
        while True:
            with kayba_server.db.read() as tx:
                if not tx.rows("SELECT 1 FROM text_additions"):
                    break
            assert time.monotonic() < deadline
            time.sleep(0.01)
        assert search_ids(http, filter="refund") == [trace_id(1)]


def test_texts_that_wait_are_indexed_after_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kayba.db'}"
    first = Database.open(url)
    store(first, step(1, inputs="refund"))
    first.close()
    second = Database.open(url)
    assert found(second, "refund") == {1}
    second.close()


def test_slices_bound_the_work_of_a_transaction(db: Database) -> None:
    count = 2 * text_index.MAX_SLICE_DOCUMENTS + 1
    store(db, *(step(number, inputs="refund") for number in range(1, count + 1)))
    assert not text_index.update(db, max_slices=2)
    assert text_index.update(db, max_slices=1)


def test_a_frequent_word_is_found_like_a_rare_one(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    store(db, *(step(number, inputs=f"refund n{number % 3}") for number in range(1, 31)))
    rare = {text: found(db, text) for text in ("refund", "n1", "refund n2", "NOT n1", '"refund n0"')}
    monkeypatch.setattr(search, "MAX_RARE_TEXTS", 5)
    assert {text: found(db, text) for text in rare} == rare
    assert len(rare["n1"]) == 10


def test_conditions_on_spans_hold_for_one_span(db: Database) -> None:
    store(
        db,
        step(1, 1, name="agent"),
        step(1, 2, parent=1, name="look_up", attributes={"mlflow.spanType": '"TOOL"', "n": 3}, status={"code": 2}),
        step(1, 3, parent=1, name="rank", attributes={"mlflow.spanType": '"RERANKER"', "city": '"Paris"'}),
        step(2, 1, name="look_up"),
    )
    assert found(db, "span.name = 'look_up'") == {1, 2}
    assert found(db, "span.name = 'look_up' AND span.type = 'TOOL'") == {1}
    assert found(db, "span.name = 'look_up' span.type = 'RERANKER'") == set()
    assert found(db, "span.type = 'RERANKER' AND (span.name = 'rank' OR span.name = 'agent')") == {1}
    assert found(db, "span.type = 'RERANKER' AND (span.name = 'look_up' OR span.status = 'ERROR')") == set()
    assert found(db, "span.type = 'RERANKER' AND (span.name = 'look_up')") == set()
    assert found(db, "(span.type = 'RERANKER' OR folder = 'none') AND span.name = 'look_up'") == {1}
    assert found(db, "NOT span.type = 'TOOL'") == {2}
    assert found(db, "span.attributes.n = '3'") == found(db, "span.attributes.n > 2") == {1}
    assert found(db, "span.attributes.city LIKE 'P%' AND span.name = 'rank'") == {1}
    assert found(db, "span.attributes.city IS NULL AND span.name = 'rank'") == set()
    assert found(db, "span.attributes.`mlflow.spanType` = 'TOOL'") == {1}
    assert found(db, "span.content LIKE '%Paris%' AND span.type = 'RERANKER'") == {1}
    assert found(db, "span.status IN ('ERROR')") == {1}
    assert found(db, "span.duration >= 1ms") == {1, 2}


def test_sums_over_spans_are_fields(db: Database) -> None:
    usage = '{"input_tokens": 900, "output_tokens": 100, "total_tokens": 1000}'
    call = {"mlflow.spanType": '"LLM"', "mlflow.chat.tokenUsage": usage, "mlflow.llm.model": '"alpha-mini"'}
    store(
        db,
        step(1, 1, name="agent", attributes={"gen_ai.agent.name": "support"}),
        step(1, 2, parent=1, attributes={**call, "mlflow.llm.cost": '{"total_cost": 0.25}'}),
        step(2, 1, status={"code": 2, "message": "TimeoutError: no answer"}),
    )
    for text in (
        *("model = 'alpha-mini'", "model LIKE 'alpha%'", "agent = 'support'", "tokens > 500", "input_tokens = 900"),
        *("cost >= 0.2", "spans = 2", "errors = 0", "tokens IS NOT NULL", "NOT spans = 1", "span.tokens = 1000"),
    ):
        assert found(db, text) == {1}, text
    for text in ("error_type = 'TimeoutError'", "error LIKE '%answer'", "model IS NULL", "errors > 0", "cost IS NULL"):
        assert found(db, text) == {2}, text
    assert [info.trace_id for info in search.search(db, ["0"], "", ["tokens DESC"]).infos] == [trace_id(1), trace_id(2)]


@pytest.mark.parametrize("order_by", ["span.name", "feedback.correct", "text"])
def test_fields_with_many_values_do_not_sort(kayba_server: LocalServer, order_by: str) -> None:
    with httpx.Client(base_url=kayba_server.url) as http:
        response = http.post(f"{TRACES}/search", json={"locations": [location("0")], "order_by": [order_by]})
    assert response.status_code == 400
    assert f"traces cannot be sorted by {order_by} at position 1" in response.json()["message"]
