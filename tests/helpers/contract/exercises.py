"""Five typical changes of the contract, with expressions that use the new client."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Document = dict[str, Any]


@dataclass(frozen=True)
class Exercise:
    """A change of the contract.

    Attributes:
        change: Applies the change to a document.
        uses: Expressions with `kayba` and `models` that are true for the new client and the new server.
    """

    change: Callable[[Document], None]
    uses: tuple[str, ...]

    def __str__(self) -> str:
        return self.change.__name__


def add_an_operation(document: Document) -> None:
    count = copy.deepcopy(document["paths"]["/traces"]["get"])
    del count["x-paging"]
    count |= {
        "operationId": "countTraceFiles",
        "summary": "Count trace files",
        "description": "The number of trace files.",
    }
    count["responses"]["200"]["content"]["application/json"] = {
        "schema": {"$ref": "#/components/schemas/TraceFileCount"},
        "example": {"count": 12},
    }
    document["paths"]["/traces/count"] = {"get": count}
    document["components"]["schemas"]["TraceFileCount"] = {
        "description": "The number of trace files.",
        "type": "object",
        "required": ["count"],
        "properties": {"count": {"description": "The total number.", "type": "integer", "minimum": 0}},
    }


def add_a_field(document: Document) -> None:
    schemas = document["components"]["schemas"]
    schemas["NewTraceFile"]["properties"]["language"] = {
        "description": "The language of the text.",
        "type": "string",
        "maxLength": 35,
    }
    schemas["TraceFile"]["properties"]["lines"] = {"description": "The number of lines.", "type": "integer"}
    schemas["TraceFile"]["required"].append("lines")
    response = document["paths"]["/traces"]["get"]["responses"]["200"]["content"]["application/json"]
    response["example"]["traces"][0]["lines"] = 3


def rename_a_field(document: Document) -> None:
    schema = document["components"]["schemas"]["NewTraceFile"]
    schema["required"][schema["required"].index("content")] = "text"
    schema["properties"]["text"] = schema["properties"].pop("content")
    upload = document["paths"]["/traces"]["post"]["requestBody"]["content"]["application/json"]
    for file in upload["example"]["traces"]:
        file["text"] = file.pop("content")


def remove_an_operation(document: Document) -> None:
    del document["paths"]["/traces/{id}"]["delete"]


def add_an_enum_value(document: Document) -> None:
    document["components"]["schemas"]["FileType"]["enum"].append("csv")
    response = document["paths"]["/traces"]["get"]["responses"]["200"]["content"]["application/json"]
    response["example"]["traces"][0]["fileType"] = "csv"


EXERCISES = (
    Exercise(add_an_operation, ("kayba.traces.count().count == 12",)),
    Exercise(
        add_a_field,
        (
            "kayba.traces.upload(traces=[models.NewTraceFile('a', 'b', 'md', language='en')]).count == 1",
            "[file.lines for file in kayba.traces.list()] == [3]",
        ),
    ),
    Exercise(
        rename_a_field,
        (
            "kayba.traces.upload(traces=[models.NewTraceFile(filename='a', text='b', file_type='md')]).count == 1",
            "not hasattr(models.NewTraceFile('a', 'b', 'md'), 'content')",
        ),
    ),
    Exercise(remove_an_operation, ("not hasattr(kayba.traces, 'delete')",)),
    Exercise(
        add_an_enum_value,
        (
            "kayba.traces.upload(traces=[models.NewTraceFile('a', 'b', 'csv')]).count == 1",
            "[file.file_type for file in kayba.traces.list()] == ['csv']",
        ),
    ),
)
