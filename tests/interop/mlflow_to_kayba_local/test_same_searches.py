"""MLflow's client searches kayba-local and a real MLflow alike: finds the same, or is refused in the same way."""

from __future__ import annotations

import pytest
from mlflow.exceptions import MlflowException
from tests.helpers.interop.mlflow_reader import refusal
from tests.interop.mlflow_to_kayba_local.conftest import Side, Sides

NOON_MS = 1_764_000_000_000

FILTERS = [
    None,
    "",
    "status = 'OK'",
    "status = 'ERROR'",
    "status != 'OK'",
    "status IN ('OK', 'ERROR')",
    "status NOT IN ('OK')",
    "status = 'ok'",
    "status = 'IN_PROGRESS'",
    "attributes.status = 'ERROR'",
    "trace.status = 'ERROR'",
    "name = 'filed 1'",
    "name = 'FILED 1'",
    "name != 'filed 1'",
    "name LIKE 'filed %'",
    "name LIKE 'FILED %'",
    "name ILIKE 'FILED %'",
    "trace.name = 'crawl'",
    "tags.`mlflow.traceName` = 'crawl'",
    "tags.`kayba.folder` = 'a'",
    "tags.kayba.folder = 'a'",
    "tags.\"kayba.folder\" = 'a'",
    "tag.`kayba.folder` = 'a'",
    "tags.`kayba.folder` != 'a'",
    "tags.`kayba.folder` LIKE '%'",
    "tags.`kayba.folder` IS NULL",
    "tags.`kayba.folder` IS NOT NULL",
    'tags.`kayba.folder` = "it\'s"',
    "tags.nothing = 'a'",
    "tags.n = '1'",
    "tags.`kayba.folder` ILIKE 'A'",
    "name IS NOT NULL",
    "status LIKE 'O%'",
    "metadata.nothing IS NULL",
    "metadata.`mlflow.trace.session` = 's-1'",
    "request_metadata.`mlflow.trace.session` = 's-1'",
    f"timestamp_ms < {NOON_MS + 3_000}",
    f"timestamp_ms >= {NOON_MS + 3_000} AND timestamp_ms <= {NOON_MS + 5_000}",
    f"timestamp = {NOON_MS + 3_000}",
    f"attributes.timestamp_ms != {NOON_MS}",
    "name LIKE 'filed %' AND execution_time_ms > 500",
    "execution_time = 500",
    "name LIKE 'filed %' AND execution_time_ms >= 249.5",
    "status = 'OK' AND tags.`kayba.folder` = 'a'",
    "status = 'OK' and name LIKE 'filed %' And tags.n != '2'",
]

REFUSED = [
    "colour = 'red'",
    "foo.bar = 'x'",
    "status = OK",
    "NOT status = 'OK'",
    "experiment_id = '1'",
    "timestamp_ms LIKE '1%'",
    "tags.n > '1'",
    "status",
    "status =",
    "= 'OK'",
    "status = 'OK",
    "; DROP TABLE traces",
]

BAD_REQUEST = ("INVALID_PARAMETER_VALUE", 400)
Answer = list[str | None] | tuple[str, int]
"""The names of the traces found, or the code and status of a refusal."""

DIFFERENT: list[tuple[str, Answer, Answer]] = [
    # kayba-local's language has more to it ...
    ("status = 'ERROR' OR name = 'crawl'", BAD_REQUEST, ["filed 3", "filed 7", "crawl"]),
    ("(status = 'ERROR')", BAD_REQUEST, ["filed 3", "filed 7"]),
    ("name IN ('crawl', 'values')", BAD_REQUEST, ["crawl", "values"]),
    ("tags.n IN ('1', '2')", BAD_REQUEST, ["filed 1", "filed 2"]),
    ("state = 'ERROR'", BAD_REQUEST, ["filed 3", "filed 7"]),
    ("STATUS = 'ERROR'", BAD_REQUEST, ["filed 3", "filed 7"]),
    ("tags.`kayba.folder` = 'it''s'", [], ["filed 2", "filed 5"]),
    # ... does without patterns that a server can be made to hang with, and looks neither into spans nor assessments ...
    ("name RLIKE '[13]$'", ["filed 1", "filed 3"], BAD_REQUEST),
    ("trace.text LIKE '%Paris%'", ["crawl", "values"], BAD_REQUEST),
    ("span.name = 'fetch'", ["crawl"], BAD_REQUEST),
    ("feedback.x = '1'", [], BAD_REQUEST),
    # ... and refuses what makes no sense.
    ("timestamp_ms > 'soon'", [], BAD_REQUEST),
    ("status = 'ERROR' AND", ["filed 3", "filed 7"], BAD_REQUEST),
]
"""A filter, what MLflow answers to it, and what kayba-local does."""

ORDERS = [
    None,
    ["timestamp_ms ASC"],
    ["timestamp DESC"],
    ["name"],
    ["name DESC"],
    ["trace.name asc"],
    ["execution_time_ms DESC", "name ASC"],
    ["execution_time ASC", "name ASC"],
    ["status", "name"],
    ["status DESC", "timestamp_ms ASC"],
    ["tags.n ASC", "name ASC"],
    ["tags.n DESC", "name ASC"],
    ["tags.`kayba.folder`", "timestamp_ms"],
    ["experiment_id", "name"],
]

REFUSED_ORDERS = [["colour"], [""], ["name, status"], ["name SIDEWAYS"]]


def found(side: Side, filter_string: str | None, order_by: list[str] | None = None) -> Answer:
    """What a search answers, oldest first if not asked otherwise."""
    try:
        page = side.client.search_traces(
            locations=[side.experiment_id],
            filter_string=filter_string,
            order_by=["timestamp_ms ASC"] if order_by is None else order_by,
            include_spans=False,
        )
    except MlflowException as error:
        return refusal(error)
    return [trace.info.tags.get("mlflow.traceName") for trace in page]


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("filter_string", FILTERS)
def test_a_filter_finds_what_it_finds_in_mlflow(sides: Sides, filter_string: str | None) -> None:
    from_mlflow = found(sides.mlflow, filter_string)
    assert isinstance(from_mlflow, list)
    assert found(sides.kayba, filter_string) == from_mlflow


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("filter_string", REFUSED)
def test_a_filter_that_mlflow_refuses_is_refused(sides: Sides, filter_string: str) -> None:
    assert found(sides.mlflow, filter_string) == found(sides.kayba, filter_string) == BAD_REQUEST


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize(("filter_string", "in_mlflow", "in_kayba_local"), DIFFERENT)
def test_a_filter_that_is_known_to_differ(
    sides: Sides, filter_string: str, in_mlflow: Answer, in_kayba_local: Answer
) -> None:
    assert found(sides.mlflow, filter_string) == in_mlflow
    assert found(sides.kayba, filter_string) == in_kayba_local


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("order_by", ORDERS, ids=str)
def test_an_order_is_mlflow_s(sides: Sides, order_by: list[str] | None) -> None:
    from_kayba = found(sides.kayba, "name LIKE 'filed %'", order_by)
    assert len(from_kayba) == 8
    assert from_kayba == found(sides.mlflow, "name LIKE 'filed %'", order_by)


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("order_by", REFUSED_ORDERS, ids=str)
def test_an_order_that_mlflow_refuses_is_refused(sides: Sides, order_by: list[str]) -> None:
    assert found(sides.mlflow, None, order_by) == found(sides.kayba, None, order_by) == BAD_REQUEST


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("size", [1, 3, 5, 10, 11])
def test_pages_are_mlflow_s(sides: Sides, size: int) -> None:
    # After a last page that happens to be full, MLflow's token leads to one more that is empty.
    assert pages(sides.kayba, size) == [page for page in pages(sides.mlflow, size) if page]


def pages(side: Side, size: int) -> list[list[str | None]]:
    """The names of the traces, page after page, until there is no token."""
    read: list[list[str | None]] = []
    token: str | None = None
    while token or not read:
        page = side.client.search_traces(
            locations=[side.experiment_id], max_results=size, order_by=["timestamp_ms ASC"], page_token=token
        )
        read.append([trace.info.tags.get("mlflow.traceName") for trace in page])
        token = page.token
    assert sum(map(len, read)) == 10
    return read


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize(
    ("locations", "max_results", "token"),
    [
        pytest.param(["987654"], 10, None, id="unknown experiment"),
        pytest.param(None, 0, None, id="no results"),
        pytest.param(None, -1, None, id="negative"),
        pytest.param(None, 501, None, id="too many"),
        pytest.param(None, 10, "garbage", id="bad token"),
    ],
)
def test_odd_searches_end_alike(sides: Sides, locations: list[str] | None, max_results: int, token: str | None) -> None:
    ends: list[object] = []
    for side in (sides.mlflow, sides.kayba):
        try:
            page = side.client.search_traces(
                locations=locations or [side.experiment_id], max_results=max_results, page_token=token
            )
            ends.append([trace.info.tags["mlflow.traceName"] for trace in page])
        except MlflowException as error:
            ends.append(refusal(error))
    assert ends[1] == ends[0]
