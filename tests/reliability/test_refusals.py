"""What a server refuses is found, set aside and counted, and costs nothing beside it: points 5, 6, 7 and 9."""

from __future__ import annotations

import logging
import math
import random
from collections.abc import Callable, Iterator

import pytest
from tests.helpers.faulty_server import Answer, FaultyServer, faulty_server, poisoned_by, too_large
from tests.helpers.programs import Programs, make, names, sums, until

import ace_tracing
from ace_tracing import tracing_status

Configured = Callable[..., None]

MAX_BYTES = 20_000


@pytest.fixture
def held() -> Iterator[FaultyServer]:
    """A server that comes up only when all is made, so that what there is to send does not depend on time."""
    with faulty_server(up=False) as server:
        yield server


def requests_for(server: FaultyServer) -> int:
    return sum(path.endswith("/v1/traces") for _, path, _, _ in server.requests)


@pytest.mark.point(5)
@pytest.mark.parametrize("place", [0, 100, 199])
def test_one_poison_item_in_200_costs_itself(
    configured: Configured, spool: bool, held: FaultyServer, place: int
) -> None:
    configured(held.url, spool)
    make(200, "fine")
    held.up()
    assert sums(ace_tracing.flush(timeout=60)) == (200, 0, 0)
    without = requests_for(held)

    held.down()
    held.rules = [poisoned_by("poison0")]
    make(place, "before")
    make(1, "poison")
    make(199 - place, "after")
    held.up()
    delivery = ace_tracing.flush(timeout=60)
    assert sums(delivery) == (399, 0, 1)
    assert held.store.names == {**names(200, "fine"), **names(place, "before"), **names(199 - place, "after")}
    assert requests_for(held) - 2 * without <= 2 * math.log2(200)


@pytest.mark.point(6)
def test_what_is_too_large_together_is_split_until_it_fits(
    configured: Configured, spool: bool, held: FaultyServer
) -> None:
    held.rules = [too_large(MAX_BYTES)]
    configured(held.url, spool)
    for number in range(200):
        make(1, f"part{number}-", noise=random.randbytes(1_000).hex())
    held.up()
    assert sums(ace_tracing.flush(timeout=60)) == (200, 0, 0)
    assert held.store.names == {name: 1 for number in range(200) for name in names(1, f"part{number}-")}


@pytest.mark.point(6)
def test_a_single_span_that_is_too_large_is_truncated_and_marked(
    configured: Configured, spool: bool, held: FaultyServer
) -> None:
    held.rules = [too_large(MAX_BYTES)]
    configured(held.url, spool)
    make(3, "before")
    make(1, "oversize", noise=random.randbytes(100_000).hex())
    make(3, "after")
    held.up()
    assert sums(ace_tracing.flush(timeout=60)) == (7, 0, 0)
    assert held.store.names == {**names(3, "before"), **names(1, "oversize"), **names(3, "after")}
    stored = [span for batch in held.exported()[-8:] for span in batch if span["name"] == "oversize0"][-1]
    attributes = {each["key"]: each["value"] for each in stored["attributes"]}
    assert "span.cut" in attributes
    assert len(str(attributes)) < 2 * MAX_BYTES


@pytest.mark.point(7)
@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_a_refusal_of_everything_is_told_once_and_keeps_the_data(
    configured: Configured, spool: bool, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    with faulty_server() as elsewhere, faulty_server(Answer(status, headers={"Location": elsewhere.url})) as server:
        with caplog.at_level(logging.WARNING, logger="ace_tracing"):
            configured(server.url, spool)
            for _ in range(3):
                make(4)
                until(lambda: server.requests)
                delivery = ace_tracing.flush(timeout=1)
                # Neither delivered nor lost: it waits until the refusal ends.
                assert (delivery.delivered, delivery.dropped) == (0, 0)
        assert delivery.pending == 12
        (record,) = caplog.records
        assert str(status) in record.getMessage()
        assert elsewhere.requests == []
        assert str(status) in str(tracing_status().last_error)


@pytest.mark.point(7)
@pytest.mark.parametrize("status", [302, 401, 403, 404])
def test_what_was_refused_arrives_once_the_refusal_has_ended(programs: Programs, status: int) -> None:
    with faulty_server(Answer(status, headers={"Location": "http://127.0.0.1:9/"})) as server:
        assert programs.run("trace_and_end", server.url, 20, "return").returncode == 0
        assert requests_for(server) > 0
        server.answer_with(Answer())
        left = programs.report("deliver", server.url, "all")
        assert (left["pending"], left["dropped"]) == (0, 0)
        assert server.store.names == names(20)


@pytest.mark.point(9)
def test_a_partial_success_is_not_tried_again_and_its_count_surfaces(configured: Configured, spool: bool) -> None:
    with faulty_server(Answer(rejected=2), Answer()) as server:
        configured(server.url, spool)
        make(5)
        # The traces went; of their spans, two are lost.
        assert sums(ace_tracing.flush(timeout=60)) == (5, 0, 2)
        assert requests_for(server) == 1
        make(1)
        assert sums(ace_tracing.flush(timeout=60)) == (6, 0, 2)
