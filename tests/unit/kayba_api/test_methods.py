"""The methods: each one calls its operation on a real server, from both clients."""

from __future__ import annotations

import ast
import datetime
import importlib
import inspect
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.helpers.client_kinds import Subject
from tests.helpers.faulty_server import FakeResponse, faulty_server

import kayba_api.models
from kayba_api import UNSET, BadRequestError, EncodedBody, Kayba, NotFoundError
from kayba_api._calls import AsyncResource, Resource
from kayba_api.models import (
    ArtifactSpan,
    Assessment,
    AssessmentSource,
    Feedback,
    JsonObject,
    MlflowExperimentLocation,
    NewTrace,
    NewTraceFile,
    NewTraceInfo,
    TraceArtifact,
    TraceLocation,
)
from kayba_local import LocalServer

Make = Callable[..., Subject]
CONTRACT = yaml.safe_load((Path(__file__).parents[3] / "openapi" / "kayba.yaml").read_text(encoding="utf-8"))
TAGS = [tag["name"] for tag in CONTRACT["tags"]]
TRANSCRIPT = "# User\nWhere is it?\n# Agent\nTraceback (most recent call last):\nValueError: no order\n"


@pytest.fixture
def subject(kayba: Make, kayba_server: LocalServer) -> Subject:
    return kayba(base_url=kayba_server.url)


def span(trace_id: str, name: str = "agent") -> dict[str, Any]:
    now = time.time_ns()
    return {
        "traceId": trace_id.removeprefix("tr-"),
        "spanId": "ec083fa9d564970f",
        "name": name,
        "startTimeUnixNano": str(now),
        "endTimeUnixNano": str(now + 1_000),
        "status": {"code": 1},
    }


def exported(subject: Subject, trace_id: str) -> str:
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span(trace_id)]}]}]}).encode()
    subject(lambda c: c.tracing.export(body=EncodedBody(body, "application/json"), experiment_id="0"))
    return trace_id


def test_trace_files(subject: Subject) -> None:
    files = [NewTraceFile(f"{n}.md", TRANSCRIPT, "md") for n in range(2)]
    first, second = subject(lambda c: c.traces.upload(traces=files)).traces
    assert [file.filename for file in subject.items(lambda c: c.traces.list())] == ["1.md", "0.md"]
    assert subject(lambda c: c.traces.get(first.id)).content == TRANSCRIPT
    both = subject(lambda c: c.traces.batch_get(ids=[second.id, first.id, "unknown"]))
    assert [file.id for file in both.traces] == [second.id, first.id]
    assert subject(lambda c: c.traces.delete(first.id)) is None
    with pytest.raises(NotFoundError):
        subject(lambda c: c.traces.get(first.id))


def test_from_traces_to_a_prompt(subject: Subject) -> None:
    (trace,) = subject(lambda c: c.traces.upload(traces=[NewTraceFile("a.md", TRANSCRIPT, "md")])).traces
    started = subject(lambda c: c.insights.generate(trace_ids=[trace.id], epochs=1))
    job = subject(lambda c: c.jobs.wait(started.job_id, timeout=60))
    assert job.status == subject(lambda c: c.jobs.get(started.job_id)).status == "completed"
    assert subject(lambda c: c.jobs.materialize(started.job_id)).skills_generated == job.result.skills_generated > 0
    insight, *_ = subject.items(lambda c: c.insights.list(status="pending"))
    accepted = subject(lambda c: c.insights.update(insight.id, status="accepted", note="seen"))
    assert (accepted.status, accepted.note) == ("accepted", "seen")
    assert subject.items(lambda c: c.insights.list(status="accepted", section="none such")) == []
    made = subject(lambda c: c.prompts.generate(insight_ids=[insight.id], label="support"))
    assert subject(lambda c: c.prompts.get(made.prompt_id)).content.text == made.content.text
    assert [prompt.label for prompt in subject.items(lambda c: c.prompts.list())] == ["support"]


def test_integrations(subject: Subject) -> None:
    stored = subject(
        lambda c: c.integrations.update("mlflow", enabled=False, tracking_uri="http://127.0.0.1:9", token="secret")
    )
    assert stored.token != "secret"
    listed = subject(lambda c: c.integrations.list())
    assert (listed.mlflow.enabled, listed.mlflow.tracking_uri) == (False, "http://127.0.0.1:9")
    assert subject(lambda c: c.integrations.test("mlflow")).connected is False
    cleared = subject(lambda c: c.integrations.update("mlflow", enabled=False, tracking_uri=None))
    assert cleared.tracking_uri in (None, UNSET)


def test_experiments(subject: Subject) -> None:
    made = subject(lambda c: c.experiments.create(name="evaluation"))
    by_id = subject(lambda c: c.experiments.get(made.experiment_id))
    by_name = subject(lambda c: c.experiments.get_by_name("evaluation"))
    assert by_id.experiment.name == by_name.experiment.name == "evaluation"
    found = subject.items(lambda c: c.experiments.search(filter="name = 'evaluation'", view_type="ACTIVE_ONLY"))
    assert [experiment.experiment_id for experiment in found] == [made.experiment_id]
    with pytest.raises(BadRequestError) as caught:
        subject(lambda c: c.experiments.create(name="evaluation"))
    assert caught.value.code == "RESOURCE_ALREADY_EXISTS"


def test_traces_of_spans(subject: Subject) -> None:
    one, other = (exported(subject, f"tr-{digit * 32}") for digit in "12")
    assert re.fullmatch(r"\d+\.\d+\.\d+", subject(lambda c: c.tracing.get_version()))
    assert {info.trace_id for info in subject.items(lambda c: c.tracing.search(max_results=1))} == {one, other}
    assert [each.name for each in subject(lambda c: c.tracing.get(one)).trace.spans] == ["agent"]
    assert len(subject(lambda c: c.tracing.batch_get([one, other])).traces) == 2
    assert subject(lambda c: c.tracing.set_tag(one, key="kayba.folder", value="a")) is None
    in_folder = subject.items(lambda c: c.tracing.search(filter="tags.`kayba.folder` = 'a'", experiment_ids=["0"]))
    assert [info.trace_id for info in in_folder] == [one]
    assert subject(lambda c: c.tracing.delete_tag(one, key="kayba.folder")) is None
    judgement = Assessment("correct", AssessmentSource("HUMAN"), feedback=Feedback(True))
    assert subject(lambda c: c.tracing.create_assessment(one, assessment=judgement)).assessment.feedback.value is True
    assert subject(lambda c: c.tracing.get_info(one)).trace.trace_info.assessments
    gone = subject(lambda c: c.tracing.delete(experiment_id="0", request_ids=[one, other]))
    assert gone.traces_deleted == 2
    assert subject.items(lambda c: c.tracing.search()) == []


def test_traces_as_files(subject: Subject) -> None:
    trace_id = "tr-" + "3" * 32
    info = NewTraceInfo(
        trace_id=trace_id,
        trace_location=TraceLocation("MLFLOW_EXPERIMENT", MlflowExperimentLocation("0")),
        request_time=datetime.datetime.now(datetime.UTC),
        state="OK",
    )
    assert subject(lambda c: c.tracing.create_info(trace=NewTrace(info))).trace.trace_info.state == "OK"
    agent = ArtifactSpan(
        name="agent",
        trace_id="MzMzMzMzMzMzMzMzMzMzMw==",
        span_id="7Ag/qdVklw8=",
        start_time_unix_nano=1_795_369_045_938_786_534,
        end_time_unix_nano=1_795_369_045_940_918_844,
        attributes=JsonObject(),
        status=JsonObject.from_dict({"code": "STATUS_CODE_OK", "message": ""}),
    )
    spans = TraceArtifact([agent])
    assert subject(lambda c: c.tracing.upload_artifact("0", trace_id, body=spans)) is None
    kept = subject(lambda c: c.tracing.download_artifact("0", trace_id))
    assert [each.name for each in kept.spans] == ["agent"]


# Methods compared with the contract.


def methods(kind: type) -> Iterator[tuple[str, str, Any]]:
    """Yield tag, name and function of each method."""
    for tag in TAGS:
        module = importlib.import_module(f"kayba_api.resources.{tag}")
        (resource,) = (
            found
            for found in vars(module).values()
            if inspect.isclass(found) and issubclass(found, kind) and found is not kind
        )
        for name, function in vars(resource).items():
            if inspect.isfunction(function):
                yield tag, name, function


SYNC = list(methods(Resource))
ASYNC = list(methods(AsyncResource))
BOTH = [
    pytest.param(*each, id=f"{kind}-{each[0]}.{each[1]}")
    for kind, found in (("sync", SYNC), ("async", ASYNC))
    for each in found
]


def test_each_operation_has_a_method_and_jobs_have_wait() -> None:
    operations = [node for item in CONTRACT["paths"].values() for node in item.values() if "operationId" in node]
    assert len(SYNC) == len(operations) + 1
    assert [each[:2] for each in SYNC] == [each[:2] for each in ASYNC]


def test_each_method_is_called_in_this_file() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [f"{tag}.{name}" for tag, name, _ in SYNC if f"c.{tag}.{name}(" not in source] == []


def test_sync_and_async_methods_have_the_same_arguments() -> None:
    for (_, _, one), (_, _, other) in zip(SYNC, ASYNC, strict=True):
        assert inspect.signature(one).parameters.keys() == inspect.signature(other).parameters.keys()


@pytest.mark.parametrize(("tag", "name", "function"), BOTH)
def test_every_docstring_is_complete_with_an_example(tag: str, name: str, function: Callable[..., Any]) -> None:
    text = inspect.getdoc(function) or ""
    sections = dict(re.findall(r"^(Args|Returns|Raises|Examples):\n((?:    .*\n?|\n)+)", text + "\n", re.MULTILINE))
    described = dict(re.findall(r"^    (\w+): (.+)$", sections["Args"], re.MULTILINE))
    assert described.keys() == inspect.signature(function).parameters.keys() - {"self"}
    assert sections["Returns"].strip()
    for error in re.findall(r"^    (\w+): ", sections["Raises"], re.MULTILINE):
        assert issubclass(getattr(kayba_api, error), kayba_api.KaybaError)
    source = "\n".join(line[8:] for line in sections["Examples"].splitlines())
    (statement,) = ast.parse(source).body
    call = next(node for node in ast.walk(statement) if isinstance(node, ast.Call))
    assert ast.unparse(call.func) == f"client.{tag}.{name}"
    call.func = ast.Name("given", ast.Load())
    known = {model: getattr(kayba_api.models, model) for model in kayba_api.models.__all__}
    code = compile(ast.fix_missing_locations(ast.Expression(call)), f"{tag}.{name}", "eval")
    positional, named = eval(code, {**known, "datetime": datetime, "given": lambda *args, **kwargs: (args, kwargs)})
    inspect.signature(function).bind(None, *positional, **named)


def test_omitted_arguments_are_not_sent_and_none_is_null() -> None:
    with faulty_server(FakeResponse(body=b'{"enabled": true}')) as server, Kayba(base_url=server.url) as client:
        client.integrations.update("mlflow", enabled=True, token=None, auth_type=None)
    assert json.loads(server.requests[0][3]) == {"enabled": True, "token": None}


def test_unknown_values_and_fields_are_passed_on(kayba: Make) -> None:
    insight = {"id": "i", "status": "archived", "section": "s", "content": "c", "helpful": 0, "harmful": 0, "new": 1}
    with faulty_server(FakeResponse(body=json.dumps({"insights": [insight], "more": 2}).encode())) as server:
        (found,) = kayba(base_url=server.url).items(lambda c: c.insights.list())
    assert str(found.status) == "archived"
    assert found["new"] == 1
