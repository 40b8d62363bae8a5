"""Comparison of two contracts: the changes on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from comparison.change import Change
from comparison.document import Direction, Document, Node, Operation
from comparison.schemas import Note, SchemaComparison

REQUEST: Final[tuple[Direction, ...]] = ("request",)
RESPONSE: Final[tuple[Direction, ...]] = ("response",)


def compare_contracts(old: Document, new: Document) -> list[Change]:
    """Return all changes for users of the contract: servers, operations, then models, in the contract's order."""
    return [*_servers(old, new), *_operations(old, new), *_models(old, new)]


def response_only_schemas(document: Document) -> frozenset[str]:
    """Return the named schemas that are used in responses and never in requests."""
    return frozenset(name for name, directions in document.directions.items() if directions == {"response"})


def _servers(old: Document, new: Document) -> Iterator[Change]:
    if old.servers[:1] != new.servers[:1]:
        yield Change("server", " ".join(old.servers[:1]), f"changed to {' '.join(new.servers[:1])}", breaking=True)


def _operations(old: Document, new: Document) -> Iterator[Change]:
    comparison = SchemaComparison(old, new)
    added = {operation.route: operation for id_, operation in new.operations.items() if id_ not in old.operations}
    for id_, before in old.operations.items():
        after = new.operations.get(id_)
        if after is None and (after := added.pop(before.route, None)) is not None:
            yield Change("operation", id_, f"renamed to {after.id}", breaking=True)
        if after is None:
            yield Change("operation", id_, f"removed ({before.route})", breaking=True)
        else:
            for note in _differences(before, after, comparison):
                yield Change("operation", id_, *note)
    for operation in added.values():
        yield Change("operation", operation.id, f"added ({operation.route})", breaking=False)


def _models(old: Document, new: Document) -> Iterator[Change]:
    comparison = SchemaComparison(old, new)
    for name, schema in old.schemas.items():
        if name not in new.schemas:
            yield Change("model", name, "removed", breaking=True)
        else:
            for note in comparison.compare(schema, new.schemas[name], old.directions[name]):
                yield Change("model", name, *note)
    for name in new.schemas:
        if name not in old.schemas:
            yield Change("model", name, "added", breaking=False)


def _differences(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    if old.route != new.route:
        yield Note(f"moved from {old.route} to {new.route}", breaking=True)
    for key, text in (("security", "security requirements changed"), ("tags", "tag changed")):
        if old.node.get(key) != new.node.get(key):
            yield Note(text, breaking=True)
    if old.node.get("deprecated", False) != new.node.get("deprecated", False):
        yield Note("deprecated" if new.node.get("deprecated") else "no longer deprecated", breaking=False)
    yield from _parameters(old, new, comparison)
    yield from _bodies(old, new, comparison)
    yield from _responses(old, new, comparison)


def _parameters(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    for key, before in old.parameters.items():
        place, name = key
        after = new.parameters.get(key)
        if after is None:
            yield Note(f"{place} parameter `{name}` removed", breaking=True)
            continue
        if bool(before.get("required")) != bool(after.get("required")):
            required = bool(after.get("required"))
            yield Note(f"{place} parameter `{name}` is now {_need(required)}", breaking=required)
        if any(before.get(style) != after.get(style) for style in ("style", "explode", "allowReserved")):
            yield Note(f"{place} parameter `{name}` serialization changed", breaking=True)
        yield from comparison.compare(before.get("schema", {}), after.get("schema", {}), REQUEST, name)
    for key, after in new.parameters.items():
        if key not in old.parameters:
            required = bool(after.get("required"))
            yield Note(f"{_need(required)} {key[0]} parameter `{key[1]}` added", breaking=required)


def _bodies(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    if old.body and not new.body:
        yield Note("body removed", breaking=True)
    elif old.body or new.body:
        if bool(old.body.get("required")) != bool(new.body.get("required")):
            required = bool(new.body.get("required"))
            yield Note(f"body is now {_need(required)}", breaking=required)
        elif not old.body:
            yield Note("optional body added", breaking=False)
        if old.body:
            yield from _contents(old.body, new.body, comparison, REQUEST, "body")
    before, after = (operation.node.get("x-max-body-bytes") for operation in (old, new))
    if before != after and old.body and new.body:
        stricter = after is not None and (before is None or after < before)
        yield Note(f"body limit changed from {before} to {after} bytes", stricter)


def _responses(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    for status, before in old.responses.items():
        if status not in new.responses:
            yield Note(f"response {status} removed", breaking=_is_success(status))
            continue
        after = new.responses[status]
        for header in _missing(before.get("headers", {}), after.get("headers", {})):
            yield Note(f"response {status} header {header} removed", breaking=True)
        for header in _missing(after.get("headers", {}), before.get("headers", {})):
            yield Note(f"response {status} header {header} added", breaking=False)
        yield from _contents(before, after, comparison, RESPONSE, f"response {status}")
    for status in _missing(new.responses, old.responses):
        # An old client cannot parse a success status that it does not know.
        yield Note(f"response {status} added", breaking=_is_success(status))


def _contents(
    old: Node, new: Node, comparison: SchemaComparison, directions: tuple[Direction, ...], place: str
) -> Iterator[Note]:
    before, after = old.get("content", {}), new.get("content", {})
    for media_type, media in before.items():
        if media_type in after:
            here = place if len(before) == 1 else f"{place} {media_type}"
            schema, new_schema = media.get("schema", {}), after[media_type].get("schema", {})
            yield from comparison.compare(schema, new_schema, directions, here)
        else:
            yield Note(f"{place} media type {media_type} removed", breaking=True)
    for media_type in _missing(after, before):
        # An old client does not read the content of a response that had none.
        yield Note(f"{place} media type {media_type} added", breaking="response" in directions and bool(before))


def _missing(keys: Node, others: Node) -> list[str]:
    """Return the keys of the first mapping that are not in the second, in order."""
    return [key for key in keys if key not in others]


def _is_success(status: str) -> bool:
    return status < "400"


def _need(required: bool) -> str:
    return "required" if required else "optional"
