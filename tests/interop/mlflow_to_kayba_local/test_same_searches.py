"""Searches by MLflow's client: kayba-local and a real MLflow return the same traces or the same error."""

from __future__ import annotations

from typing import Final

import pytest
from mlflow.exceptions import MlflowException
from tests.helpers.interop.mlflow_reader import error_code_and_status
from tests.interop.mlflow_to_kayba_local.conftest import FilledServer, FilledServers

START_MS: Final = 1_764_000_000_000

FILTERS: Final = [
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
    f"timestamp_ms < {START_MS + 3_000}",
    f"timestamp_ms >= {START_MS + 3_000} AND timestamp_ms <= {START_MS + 5_000}",
    f"timestamp = {START_MS + 3_000}",
    f"attributes.timestamp_ms != {START_MS}",
    "name LIKE 'filed %' AND execution_time_ms > 500",
    "execution_time = 500",
    "name LIKE 'filed %' AND execution_time_ms >= 249.5",
    "status = 'OK' AND tags.`kayba.folder` = 'a'",
    "status = 'OK' and name LIKE 'filed %' And tags.n != '2'",
    "name RLIKE '[13]$'",
    "trace.text LIKE '%Paris%'",
    "span.name = 'fetch'",
    "span.name = 'fetch' AND span.type = 'TOOL'",
    "feedback.x = '1'",
]

REFUSED: Final = [
    "colour = 'red'",
    "foo.bar = 'x'",
    "status = OK",
    "experiment_id = '1'",
    "timestamp_ms LIKE '1%'",
    "tags.n > '1'",
    "status =",
    "= 'OK'",
    "status = 'OK",
]

BAD_REQUEST: Final = ("INVALID_PARAMETER_VALUE", 400)
SearchResult = list[str | None] | tuple[str, int]
"""The names of the found traces, or the code and status of the error."""

KNOWN_DIFFERENCES: Final[list[tuple[str, SearchResult, SearchResult]]] = [
    # kayba-local supports more syntax.
    ("status = 'ERROR' OR name = 'crawl'", BAD_REQUEST, ["filed 3", "filed 7", "crawl"]),
    ("(status = 'ERROR')", BAD_REQUEST, ["filed 3", "filed 7"]),
    ("name IN ('crawl', 'values')", BAD_REQUEST, ["crawl", "values"]),
    ("tags.n IN ('1', '2')", BAD_REQUEST, ["filed 1", "filed 2"]),
    ("state = 'ERROR'", BAD_REQUEST, ["filed 3", "filed 7"]),
    ("STATUS = 'ERROR'", BAD_REQUEST, ["filed 3", "filed 7"]),
    ("tags.`kayba.folder` = 'it''s'", [], ["filed 2", "filed 5"]),
    ("NOT status = 'OK'", BAD_REQUEST, ["filed 3", "filed 7"]),
    # Words are a text search.
    ("status", BAD_REQUEST, []),
    ("; DROP TABLE traces", BAD_REQUEST, []),
    # kayba-local refuses invalid comparisons and incomplete filters.
    ("timestamp_ms > 'soon'", [], BAD_REQUEST),
    ("status = 'ERROR' AND", ["filed 3", "filed 7"], BAD_REQUEST),
]
"""A filter, MLflow's result and kayba-local's result."""

ORDERS: Final = [
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

REFUSED_ORDERS: Final = [["colour"], [""], ["name, status"], ["name SIDEWAYS"]]


def search(server: FilledServer, filter_string: str | None, order_by: list[str] | None = None) -> SearchResult:
    """Return the result of a search, oldest trace first by default."""
    try:
        page = server.client.search_traces(
            locations=[server.experiment_id],
            filter_string=filter_string,
            order_by=["timestamp_ms ASC"] if order_by is None else order_by,
            include_spans=False,
        )
    except MlflowException as error:
        return error_code_and_status(error)
    return [trace.info.tags.get("mlflow.traceName") for trace in page]


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("filter_string", FILTERS)
def test_a_filter_finds_the_same_traces_as_in_mlflow(servers: FilledServers, filter_string: str | None) -> None:
    from_mlflow = search(servers.mlflow, filter_string)
    assert isinstance(from_mlflow, list)
    assert search(servers.kayba, filter_string) == from_mlflow


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("filter_string", REFUSED)
def test_a_filter_refused_by_mlflow_is_refused(servers: FilledServers, filter_string: str) -> None:
    assert search(servers.mlflow, filter_string) == search(servers.kayba, filter_string) == BAD_REQUEST


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize(("filter_string", "in_mlflow", "in_kayba_local"), KNOWN_DIFFERENCES)
def test_a_filter_with_a_known_difference_from_mlflow(
    servers: FilledServers, filter_string: str, in_mlflow: SearchResult, in_kayba_local: SearchResult
) -> None:
    assert search(servers.mlflow, filter_string) == in_mlflow
    assert search(servers.kayba, filter_string) == in_kayba_local


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("order_by", ORDERS, ids=str)
def test_an_order_is_the_same_as_in_mlflow(servers: FilledServers, order_by: list[str] | None) -> None:
    from_kayba = search(servers.kayba, "name LIKE 'filed %'", order_by)
    assert len(from_kayba) == 8
    assert from_kayba == search(servers.mlflow, "name LIKE 'filed %'", order_by)


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("order_by", REFUSED_ORDERS, ids=str)
def test_an_order_refused_by_mlflow_is_refused(servers: FilledServers, order_by: list[str]) -> None:
    assert search(servers.mlflow, None, order_by) == search(servers.kayba, None, order_by) == BAD_REQUEST


@pytest.mark.interop("Search: filter, order, pages")
@pytest.mark.parametrize("size", [1, 3, 5, 10, 11])
def test_pages_are_the_same_as_in_mlflow(servers: FilledServers, size: int) -> None:
    # If the last page is full, MLflow's token leads to one more, empty page.
    assert read_pages(servers.kayba, size) == [page for page in read_pages(servers.mlflow, size) if page]


def read_pages(server: FilledServer, size: int) -> list[list[str | None]]:
    """Return the names of the traces on each page, until a page has no token."""
    read: list[list[str | None]] = []
    token: str | None = None
    while token or not read:
        page = server.client.search_traces(
            locations=[server.experiment_id], max_results=size, order_by=["timestamp_ms ASC"], page_token=token
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
def test_invalid_searches_end_as_in_mlflow(
    servers: FilledServers, locations: list[str] | None, max_results: int, token: str | None
) -> None:
    results: list[object] = []
    for server in (servers.mlflow, servers.kayba):
        try:
            page = server.client.search_traces(
                locations=locations or [server.experiment_id], max_results=max_results, page_token=token
            )
            results.append([trace.info.tags["mlflow.traceName"] for trace in page])
        except MlflowException as error:
            results.append(error_code_and_status(error))
    assert results[1] == results[0]
