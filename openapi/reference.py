"""Reference of the REST API: a Markdown page of all operations and objects, rendered from `kayba.yaml`.

Run by `hatch run docs:build`.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml

CONTRACT: Final = Path(__file__).resolve().parent / "kayba.yaml"
METHODS: Final = ("get", "post", "put", "patch", "delete")
DEFAULT_BODY_BYTES: Final = 1_000_000

Node = Mapping[str, Any]


class Reference:
    """The reference page of a contract.

    Args:
        contract: A valid OpenAPI 3.1 document.
    """

    def __init__(self, contract: Node) -> None:
        self._contract = contract
        self._schemas: Mapping[str, Node] = contract["components"]["schemas"]

    def markdown(self) -> str:
        """Return the page."""
        return "\n".join(self._page()).rstrip() + "\n"

    def _page(self) -> Iterator[str]:
        info = self._contract["info"]
        yield from ("# REST API", "")
        yield from (f"{info['title']} {info['version']}. {info['summary']}", "", info["description"].strip(), "")
        yield from (
            f"Paths are relative to `{self._contract['servers'][0]['url']}`, or to `/api` of another server.",
            "",
        )
        operations = list(self._operations())
        yield from ("| operation | request | summary |", "|---|---|---|")
        for method, path, node, _ in operations:
            yield f"| [{node['operationId']}](#{_anchor(node)}) | `{method.upper()} {path}` | {node['summary']} |"
        yield ""
        for tag in self._contract["tags"]:
            yield from (f"## {tag['name'].capitalize()}", "", tag["description"], "")
            for method, path, node, shared in operations:
                if node["tags"] == [tag["name"]]:
                    yield from self._operation(method, path, node, shared)
        yield from ("## Objects", "", "The objects in requests and responses.", "")
        for name, schema in self._schemas.items():
            yield from (f"### {name} {{ #{_object_anchor(name)} }}", "", schema["description"], "")
            yield from self._fields(schema)

    def _operations(self) -> Iterator[tuple[str, str, Node, list[Node]]]:
        for path, item in self._contract["paths"].items():
            for method in METHODS:
                if method in item:
                    yield method, path, item[method], item.get("parameters", [])

    def _operation(self, method: str, path: str, node: Node, shared: list[Node]) -> Iterator[str]:
        yield from (f"### {node['operationId']} {{ #{_anchor(node)} }}", "")
        yield from (f"**{node['summary']}.** `{method.upper()} {path}`", "", node["description"].strip(), "")
        if parameters := [self._resolve(p) for p in [*shared, *node.get("parameters", [])]]:
            yield from ("| parameter | in | type | limits | meaning |", "|---|---|---|---|---|")
            for parameter in parameters:
                yield self._parameter(parameter)
            yield ""
        if "requestBody" in node:
            yield from self._request(node)
        yield from self._responses(node["responses"])

    def _parameter(self, node: Node) -> str:
        name = f"`{node['name']}`" + ("" if node.get("required") else " (optional)")
        return _row(name, node["in"], self._type(node["schema"]), self._limits(node["schema"]), node["description"])

    def _request(self, node: Node) -> Iterator[str]:
        body = self._resolve(node["requestBody"])
        need = "required" if body.get("required") else "optional"
        cap = node.get("x-max-body-bytes", DEFAULT_BODY_BYTES)
        yield from (f"**Body**, {need}, at most {cap:,} bytes before and after decompression:", "")
        for media_type, media in body["content"].items():
            yield from self._media(media_type, media)

    def _responses(self, responses: Mapping[str, Node]) -> Iterator[str]:
        errors = {}
        for status, node in responses.items():
            response = self._resolve(node)
            if status >= "400":
                errors[status] = response
                continue
            yield from (f"**{status}** {response['description']}", "")
            for media_type, media in response.get("content", {}).items():
                yield from self._media(media_type, media)
        yield from ("| error | cause | body |", "|---|---|---|")
        for status, response in errors.items():
            media = response["content"]["application/json"]
            code = next(_values_of(media["example"], ("code", "error_code")), "")
            yield _row(status, response["description"], f"{self._type(media['schema'])} with code `{code}`")
        yield ""

    def _media(self, media_type: str, media: Node) -> Iterator[str]:
        schema = media["schema"]
        yield from (f"`{media_type}`: {schema.get('description') or self._type(schema)}", "")
        if "$ref" in schema:
            yield from self._fields(self._resolve(schema))
        if media.get("example") not in (None, "", {}):
            example = media["example"]
            text = example if isinstance(example, str) else json.dumps(example, indent=2, ensure_ascii=False)
            yield from (f"```{'text' if isinstance(example, str) else 'json'}", text, "```", "")

    def _fields(self, schema: Node) -> Iterator[str]:
        """Yield a table of an object's properties, or the type and limits of another schema."""
        if properties := schema.get("properties"):
            yield from ("| field | type | limits | meaning |", "|---|---|---|---|")
            required = schema.get("required", ())
            for name, node in properties.items():
                target = self._resolve(node)
                label = f"`{name}`" + ("" if name in required else " (optional)")
                limits = self._limits(node) + (", deprecated" if target.get("deprecated") else "")
                yield _row(label, self._type(node), limits.removeprefix(", "), target.get("description", ""))
            yield ""
        elif schema.get("type") != "object" or "additionalProperties" in schema:
            limits = self._limits(schema)
            yield from (f"{self._type(schema, link=False)}{f'; {limits}' if limits else ''}", "")

    def _type(self, schema: Node, *, link: bool = True) -> str:
        if "$ref" in schema and link:
            name = schema["$ref"].rpartition("/")[2]
            return f"[{name}](#{_object_anchor(name)})"
        if "oneOf" in schema:
            return " or ".join(self._bounded_type(arm) for arm in schema["oneOf"])
        if "enum" in schema:
            return " or ".join(f"`{value}`" for value in schema["enum"])
        if "items" in schema:
            return f"array of {self._bounded_type(schema['items'])}"
        if "additionalProperties" in schema:
            return f"object of any keys, with values of type {self._bounded_type(schema['additionalProperties'])}"
        kind = schema.get("type", "any")
        text = kind if isinstance(kind, str) else " or ".join(kind)
        return f"{text} ({schema['format']})" if "format" in schema else str(text)

    def _bounded_type(self, schema: Node) -> str:
        limits = "" if "$ref" in schema else self._limits(schema)
        return f"{self._type(schema)} ({limits})" if limits else self._type(schema)

    def _limits(self, schema: Node) -> str:
        """Return the limits of a value. The limits of a named schema are repeated beside its link."""
        target = self._resolve(schema)
        found = [
            _range(target.get("minLength"), target.get("maxLength"), "characters"),
            _range(target.get("minItems"), target.get("maxItems"), "items"),
            _range(None, target.get("maxProperties"), "keys"),
            _range(target.get("minimum"), target.get("maximum"), ""),
        ]
        if "pattern" in target:
            found.append(f"`{target['pattern']}`")
        if "default" in target:
            found.append(f"default `{json.dumps(target['default'])}`")
        return ", ".join(filter(None, found))

    def _resolve(self, node: Node) -> Node:
        while "$ref" in node:
            target: Any = self._contract
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            node = target
        return node


def _anchor(operation: Node) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", operation["operationId"]).lower()


def _object_anchor(name: str) -> str:
    # An object may have the name of a tag, which has its own heading.
    return f"object-{name.lower()}"


def _range(minimum: float | None, maximum: float | None, unit: str) -> str:
    match minimum, maximum:
        case None, None:
            text = ""
        case None, _:
            text = f"at most {maximum:,}"
        case _, None:
            text = f"at least {minimum:,}"
        case _:
            text = f"{minimum:,} to {maximum:,}"
    return f"{text} {unit}".rstrip() if text else ""


def _values_of(example: Any, keys: Iterable[str]) -> Iterator[str]:
    if isinstance(example, dict):
        for key, value in example.items():
            if key in keys:
                yield value
            else:
                yield from _values_of(value, keys)


def _row(*cells: str) -> str:
    # A pipe ends a cell, even in code; a line break ends the table.
    return f"| {' | '.join(' '.join(cell.split()).replace('|', chr(92) + '|') for cell in cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target", type=Path, help="the Markdown file to write")
    target: Path = parser.parse_args().target
    contract: Node = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    target.write_text(Reference(contract).markdown(), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
