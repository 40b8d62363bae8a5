"""Export and import: a round trip keeps every trace as it is, in whole and in parts, once and repeatedly."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.helpers.tracing_requests import START_NS, Json, log_record, otlp, otlp_logs, span, trace_id

from kayba_local.cli import main
from kayba_local.otlp import json_logs
from kayba_local.otlp import json_requests as from_json
from kayba_local.store import experiments
from kayba_local.store.database import Database
from kayba_local.store.errors import RequestError, StoreError
from kayba_local.store.traces import artifacts, assessments, attachments, client_info, ingest, search, tags, traces
from kayba_local.upkeep import exports, imports, interruption
from kayba_local.upkeep.exports import write_lines
from kayba_local.upkeep.imports import Importer

ATTACHMENT = "0f8fad5b-d9cb-469f-a165-7086772895{:02}"


@contextmanager
def empty_store() -> Iterator[Database]:
    # In memory, because each of the many small transactions would wait for the disk.
    with closing(Database.open("sqlite:///:memory:")) as db:
        yield db


def export(db: Database) -> list[bytes]:
    return list(write_lines(db))


def import_lines(db: Database, lines: Sequence[bytes]) -> imports.Imported:
    importer = Importer(db)
    for _ in importer.read(lines):
        pass
    return importer.imported


def read_all(db: Database) -> dict[str, traces.Trace]:
    with db.read() as tx:
        ids = [row["trace_id"] for row in tx.rows("SELECT trace_id FROM traces ORDER BY id")]
    return {id_: traces.get(db, id_) for id_ in ids}


ROWS = {
    # Events and attachments that still wait for their trace are no part of an export.
    "events": "SELECT trace_id, span_id, digest, joined FROM log_events JOIN traces USING (trace_id) ORDER BY 1, 2, 3",
    "contents": "SELECT trace_id, attachment_id, content FROM attachment_uses JOIN traces USING (trace_id)"
    " JOIN attachments ON attachments.id = attachment ORDER BY 1, 2",
    "models": "SELECT trace_id, model FROM trace_models JOIN traces ON traces.id = trace ORDER BY 1, 2",
}


def read_rows(db: Database) -> dict[str, list[Any]]:
    """Return the columns of the traces that searches use, and the rows of their parts."""
    with db.read() as tx:
        rows: dict[str, list[Any]] = {name: [tuple(row) for row in tx.rows(sql)] for name, sql in ROWS.items()}
        found = tx.rows("SELECT * FROM traces ORDER BY trace_id")
    rows["traces"] = [dict(zip(row.keys(), row, strict=True)) | {"id": None, "revision": None} for row in found]
    return rows


texts = st.text(max_size=6)
numbers = st.integers(1, 3)
Step = Callable[[Database], object]


@st.composite
def span_steps(draw: st.DrawFn) -> Step:
    """Generate a request with spans of some traces, also without their roots, and repeatedly."""
    spans: list[Json] = []
    for _ in range(draw(st.integers(1, 4))):
        number = draw(st.integers(1, 5))
        spans.append(
            span(
                draw(numbers),
                number,
                draw(st.none() | st.integers(1, 6)),
                name=draw(texts),
                start_ns=START_NS + draw(st.integers(0, 9_000)),
                end_ns=draw(st.just(0) | st.just(START_NS + 10_000)),
                attributes=draw(
                    st.dictionaries(
                        st.sampled_from([
                            "mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.traceTag.a", "kayba.folder",
                            "session.id", "llm.model_name", "gen_ai.usage.input_tokens", "mlflow.traceMetadata.m",
                        ]),
                        texts | st.integers(0, 9) | st.just(f"mlflow-attachment://{ATTACHMENT.format(9)}"),
                        max_size=3,
                    )
                ),
                status={"code": draw(st.integers(0, 2)), "message": draw(texts)},
            )
        )  # fmt: skip
    resource = draw(st.dictionaries(st.sampled_from(["service.name", "kayba.folder"]), texts, max_size=2))
    batch = from_json.read(otlp(spans, resource))
    experiment = draw(st.sampled_from(["0", "1"]))
    return lambda db: ingest.store_spans(db, experiment, batch)


infos = st.builds(
    traces.TraceInfo,
    trace_id=numbers.map(trace_id),
    experiment_id=st.sampled_from(["0", "1"]),
    request_ns=st.just(START_NS - 5_000),
    duration_ns=st.none() | st.just(7_000_000),
    state=st.sampled_from(["IN_PROGRESS", "OK", "ERROR", "STATE_UNSPECIFIED"]),
    tags=st.dictionaries(st.sampled_from(["mlflow.traceName", "a", "kayba.folder"]), texts),
    metadata=st.dictionaries(st.sampled_from(["m", "n", "mlflow.trace.session"]), texts),
    request_preview=st.none() | texts,
    client_request_id=st.none() | texts,
)


def judge(db: Database, number: int, value: str) -> object:
    feedback = {"assessment_name": "good", "source": {"source_type": "HUMAN"}, "feedback": {"value": value}}
    return assessments.create(db, trace_id(number), feedback)


steps = st.lists(
    st.one_of(
        span_steps(),
        infos.map(lambda info: lambda db: client_info.save_info(db, info)),
        st.builds(lambda n, k, v: lambda db: tags.set_tag(db, trace_id(n), k, v), numbers, st.sampled_from("ab"),
                  texts),
        st.builds(lambda n, k: lambda db: tags.delete_tag(db, trace_id(n), k), numbers,
                  st.sampled_from(["a", "mlflow.traceName", "kayba.folder"])),
        st.builds(lambda n, v: lambda db: judge(db, n, v), numbers, texts),
        st.builds(lambda n, i, c: lambda db: attachments.put(db, "0", trace_id(n), ATTACHMENT.format(i), c),
                  numbers, numbers, st.binary(min_size=1, max_size=3)),
        st.builds(lambda n, s, v: lambda db: ingest.store_log_events(
            db, json_logs.read(otlp_logs([log_record(n, s, attributes={"text": v})]))), numbers, numbers, texts),
        st.just(lambda db: interruption.mark(db, START_NS + 10**15, 60)),
    ),
    min_size=1, max_size=8,
)  # fmt: skip


def run(db: Database, wanted: Sequence[Step]) -> None:
    # A content that spans of other traces refer to.
    attachments.put(db, "0", trace_id(1), ATTACHMENT.format(9), b"shared")
    for step in wanted:
        with suppress(RequestError):  # For example a tag of a trace that is not there yet.
            step(db)


@settings(deadline=None, max_examples=40)
@given(steps, st.integers(1, 3), st.integers(0, 40))
def test_a_round_trip_keeps_every_trace_in_whole_and_after_a_stop(wanted: list[Step], size: int, stop: int) -> None:
    with pytest.MonkeyPatch.context() as patch, empty_store() as db, empty_store() as target:
        patch.setattr(exports, "SPANS_PER_LINE", size)
        patch.setattr(imports, "LINES_PER_TRANSACTION", size)
        for one in (db, target):
            experiments.create(one, "other", {"team": "search"})
        run(db, wanted)
        lines = export(db)
        if stop:
            assert import_lines(target, lines[:stop]).is_complete is (stop >= len(lines))
        assert import_lines(target, lines).is_complete
        assert read_all(target) == read_all(db)
        assert read_rows(target) == read_rows(db)
        assert export(target) == lines
        import_lines(target, lines)
        assert export(target) == lines


def test_a_round_trip_keeps_the_order_of_arrival() -> None:
    with empty_store() as db, empty_store() as target:
        other = experiments.create(db, "other", {})
        ingest.store_spans(db, "0", from_json.read(otlp([span(5)])))
        client_info.save_info(db, traces.TraceInfo(trace_id(4), "0", START_NS, None, "OK"))
        ingest.store_spans(db, other, from_json.read(otlp([span(3)])))
        ingest.store_spans(db, "0", from_json.read(otlp([span(2)])))
        import_lines(target, export(db))
        assert list(read_all(target)) == list(read_all(db)) == [trace_id(number) for number in (5, 4, 3, 2)]


def test_a_trace_of_a_file_keeps_the_file(tmp_path: Path) -> None:
    with empty_store() as db, empty_store() as target:
        client_info.save_info(db, traces.TraceInfo(trace_id(1), "0", START_NS, None, "OK"))
        artifacts.put(db, "0", trace_id(1), b"the file", from_json.read(otlp([span()])))
        import_lines(target, export(db))
        assert b"".join(artifacts.get(target, "0", trace_id(1))[1]) == b"the file"
        assert export(target) == export(db)


def test_an_export_of_one_experiment_has_its_traces_and_tags() -> None:
    with empty_store() as db, empty_store() as target:
        mine = experiments.create(db, "mine", {"team": "search"})
        ingest.store_spans(db, "0", from_json.read(otlp([span(1)])))
        ingest.store_spans(db, mine, from_json.read(otlp([span(2)])))
        experiments.create(target, "another", {})
        import_lines(target, list(write_lines(db, "mine")))
        found = experiments.get_by_name(target, "mine")
        assert found.tags == {"team": "search"}
        assert [info.trace_id for info in search.search(target, [found.id]).infos] == [trace_id(2)]
        assert search.search(target, ["0"]).infos == []


def test_an_import_keeps_other_traces_and_newer_tags_of_users() -> None:
    with empty_store() as db, empty_store() as target:
        ingest.store_spans(db, "0", from_json.read(otlp([span(1)])))
        ingest.store_spans(target, "0", from_json.read(otlp([span(1), span(2)])))
        tags.set_tag(target, trace_id(1), "reviewed", "yes")
        import_lines(target, export(db))
        assert set(read_all(target)) == {trace_id(1), trace_id(2)}
        assert traces.get_info(target, trace_id(1)).tags["reviewed"] == "yes"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([b"no json"], "line 1"),
        ([b"{}"], "line 1"),
        ([b'{"format": "kayba-traces-9"}'], "update kayba-local"),
        ([b'{"format": "kayba-traces-1"}', b'{"spans": []}'], "line 2"),
        ([b'{"format": "kayba-traces-1"}', b'{"unknown": 1}'], "line 2"),
        ([b'{"format": "kayba-traces-1"}', b"[]"], "line 2"),
    ],
)
def test_a_line_of_another_format_is_named(lines: list[bytes], message: str) -> None:
    with empty_store() as db, pytest.raises(StoreError, match=message):
        import_lines(db, lines)


@pytest.mark.parametrize("name", ["traces.jsonl", "traces.jsonl.gz"])
def test_the_commands_move_traces_between_stores(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    source, target = f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    with closing(Database.open(source)) as db:
        ingest.store_spans(db, "0", from_json.read(otlp([span(1), span(2)])))
    file = str(tmp_path / name)
    assert main(["export", file, "--store", source]) == 0
    assert main(["export", file, "--store", source]) == 1
    assert "--force" in capsys.readouterr().err
    assert main(["import", file, "--store", target]) == 0
    assert "imported 2 traces with 2 spans" in capsys.readouterr().out
    content = gzip.decompress(Path(file).read_bytes()) if name.endswith("gz") else Path(file).read_bytes()
    Path(tmp_path, "cut.jsonl").write_bytes(b"".join(content.splitlines(keepends=True)[:-1]))
    assert main(["import", str(tmp_path / "cut.jsonl"), "--store", target]) == 1
    assert "ends too early" in capsys.readouterr().err
    assert main(["import", str(tmp_path / "missing.jsonl"), "--store", target]) == 1
    assert "missing.jsonl" in capsys.readouterr().err


def test_the_commands_use_the_standard_streams(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = f"sqlite:///{tmp_path / 'a.db'}", f"sqlite:///{tmp_path / 'b.db'}"
    with closing(Database.open(source)) as db:
        ingest.store_spans(db, "0", from_json.read(otlp([span(1)])))
    out = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=out, write=lambda _: None, flush=lambda: None))
    assert main(["export", "-", "--store", source]) == 0
    assert orjson.loads(out.getvalue().splitlines()[-1]) == {"traces": 1}
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(out.getvalue())))
    assert main(["import", "-", "--store", target]) == 0
    with closing(Database.open(target)) as db:
        assert list(read_all(db)) == [trace_id(1)]
