"""What a new contract changes for those who use the old one on the wire."""

from __future__ import annotations

from collections.abc import Iterator

from comparison.change import Change
from comparison.document import Document, Node, Operation, Way
from comparison.schemas import Note, SchemaComparison

SENT: tuple[Way, ...] = ("sent",)
ANSWERED: tuple[Way, ...] = ("answered",)


def compare_contracts(old: Document, new: Document) -> list[Change]:
    """Every difference that users of the contract meet: operations first, then models, in the contract's order."""
    return [*_servers(old, new), *_operations(old, new), *_models(old, new)]


def answers_only(document: Document) -> frozenset[str]:
    """The named schemas that clients are answered with and never send."""
    return frozenset(name for name, ways in document.ways.items() if ways == {"answered"})


def _servers(old: Document, new: Document) -> Iterator[Change]:
    if old.servers[:1] != new.servers[:1]:
        yield Change("server", " ".join(old.servers[:1]), f"is {' '.join(new.servers[:1])} now", breaking=True)


def _operations(old: Document, new: Document) -> Iterator[Change]:
    comparison = SchemaComparison(old, new)
    arrived = {operation.route: operation for id_, operation in new.operations.items() if id_ not in old.operations}
    for id_, before in old.operations.items():
        after = new.operations.get(id_)
        if after is None and (after := arrived.pop(before.route, None)) is not None:
            yield Change("operation", id_, f"renamed to {after.id}", breaking=True)
        if after is None:
            yield Change("operation", id_, f"removed: {before.route}", breaking=True)
        else:
            for note in _differences(before, after, comparison):
                yield Change("operation", id_, *note)
    for operation in arrived.values():
        yield Change("operation", operation.id, f"added: {operation.route}", breaking=False)


def _models(old: Document, new: Document) -> Iterator[Change]:
    comparison = SchemaComparison(old, new)
    for name, schema in old.schemas.items():
        if name not in new.schemas:
            yield Change("model", name, "removed", breaking=True)
        else:
            for note in comparison.compare(schema, new.schemas[name], old.ways[name]):
                yield Change("model", name, *note)
    for name in new.schemas:
        if name not in old.schemas:
            yield Change("model", name, "added", breaking=False)


def _differences(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    if old.route != new.route:
        yield Note(f"is at {new.route} now, was at {old.route}", breaking=True)
    for key, says in (("security", "asks for other credentials"), ("tags", "has another tag")):
        if old.node.get(key) != new.node.get(key):
            yield Note(says, breaking=True)
    if old.node.get("deprecated", False) != new.node.get("deprecated", False):
        yield Note(f"is {'' if new.node.get('deprecated') else 'no longer '}deprecated", breaking=False)
    yield from _parameters(old, new, comparison)
    yield from _bodies(old, new, comparison)
    yield from _answers(old, new, comparison)


def _parameters(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    for key, before in old.parameters.items():
        place, name = key
        after = new.parameters.get(key)
        if after is None:
            yield Note(f"lost the {place} parameter `{name}`", breaking=True)
            continue
        if bool(before.get("required")) != bool(after.get("required")):
            required = bool(after.get("required"))
            says = "is required now" if required else "may be left out now"
            yield Note(f"{place} parameter `{name}` {says}", breaking=required)
        if any(before.get(style) != after.get(style) for style in ("style", "explode", "allowReserved")):
            yield Note(f"{place} parameter `{name}` is written in another way", breaking=True)
        yield from comparison.compare(before.get("schema", {}), after.get("schema", {}), SENT, name)
    for key, after in new.parameters.items():
        if key not in old.parameters:
            required = bool(after.get("required"))
            says = f"gained the {'required' if required else 'optional'} {key[0]} parameter `{key[1]}`"
            yield Note(says, breaking=required)


def _bodies(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    if old.body and not new.body:
        yield Note("takes no body any more", breaking=True)
    elif old.body or new.body:
        if bool(old.body.get("required")) != bool(new.body.get("required")):
            required = bool(new.body.get("required"))
            yield Note("needs a body now" if required else "needs no body any more", breaking=required)
        elif not old.body:
            yield Note("takes a body now", breaking=False)
        if old.body:
            yield from _contents(old.body, new.body, comparison, SENT, "body")
    before, after = (operation.node.get("x-max-body-bytes") for operation in (old, new))
    if before != after and old.body and new.body:
        stricter = after is not None and (before is None or after < before)
        yield Note(f"takes at most {after} bytes now, took {before}", stricter)


def _answers(old: Operation, new: Operation, comparison: SchemaComparison) -> Iterator[Note]:
    for status, before in old.answers.items():
        if status not in new.answers:
            yield Note(f"never answers {status} any more", breaking=_is_success(status))
            continue
        after = new.answers[status]
        for header in _missing(before.get("headers", {}), after.get("headers", {})):
            yield Note(f"answer {status} lost the header {header}", breaking=True)
        for header in _missing(after.get("headers", {}), before.get("headers", {})):
            yield Note(f"answer {status} gained the header {header}", breaking=False)
        yield from _contents(before, after, comparison, ANSWERED, f"answer {status}")
    for status in _missing(new.answers, old.answers):
        # Clients of before find nothing in a success that they do not know.
        yield Note(f"may answer {status} now", breaking=_is_success(status))


def _contents(old: Node, new: Node, comparison: SchemaComparison, ways: tuple[Way, ...], place: str) -> Iterator[Note]:
    before, after = old.get("content", {}), new.get("content", {})
    for media_type, media in before.items():
        if media_type in after:
            here = place if len(before) == 1 else f"{place} {media_type}"
            yield from comparison.compare(media.get("schema", {}), after[media_type].get("schema", {}), ways, here)
        else:
            yield Note(f"{place} is never {media_type} any more", breaking=True)
    for media_type in _missing(after, before):
        # An answer that had no content is read by nobody.
        yield Note(f"{place} may be {media_type} now", breaking="answered" in ways and bool(before))


def _missing(these: Node, those: Node) -> list[str]:
    """The keys of one that the other has not, in order."""
    return [key for key in these if key not in those]


def _is_success(status: str) -> bool:
    return status < "400"
