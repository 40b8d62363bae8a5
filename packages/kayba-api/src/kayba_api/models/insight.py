# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.insight_status import InsightStatus, check_insight_status
from ..types import UNSET, Unset

T = TypeVar("T", bound="Insight")


@_attrs_define
class Insight:
    """A finding in traces.

    Attributes:
        id (str): An opaque id.
        status (InsightStatus): The triage status of an insight. `pending` and `new` insights are undecided.
            `materializeJob` creates insights with
            the status `pending`.
        section (str): The section of the prompt that the insight belongs to.
        content (str): The text of the insight.
        helpful (int): The number of times that the insight helped.
        harmful (int): The number of times that the insight did harm.
        note (str | Unset): The reason for accepting or rejecting it.
        kind (str | Unset): The kind of finding: `error`, `slow_span`, `repeated_span`, `repeated_call`, `loop`,
            `oversized_prompt` or
            `wasted_tokens`; in plain text `error_line`, `repeated_block` or `oversized_transcript`. Other kinds are
            possible.
        job_id (str | Unset): An opaque id.
        trace_ids (list[str] | Unset): Ids of traces that show it. If there are many, the first or clearest 100.
        trace_count (int | Unset): The number of traces that show it.
        occurrences (int | Unset): The number of occurrences in these traces.
        tokens (int | Unset): The number of tokens, for findings about tokens.
    """

    id: str
    status: InsightStatus
    section: str
    content: str
    helpful: int
    harmful: int
    note: str | Unset = UNSET
    kind: str | Unset = UNSET
    job_id: str | Unset = UNSET
    trace_ids: list[str] | Unset = UNSET
    trace_count: int | Unset = UNSET
    occurrences: int | Unset = UNSET
    tokens: int | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        status: str = self.status

        section = self.section

        content = self.content

        helpful = self.helpful

        harmful = self.harmful

        note = self.note

        kind = self.kind

        job_id = self.job_id

        trace_ids: list[str] | Unset = UNSET
        if not isinstance(self.trace_ids, Unset):
            trace_ids = self.trace_ids

        trace_count = self.trace_count

        occurrences = self.occurrences

        tokens = self.tokens

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "status": status,
                "section": section,
                "content": content,
                "helpful": helpful,
                "harmful": harmful,
            }
        )
        if note is not UNSET:
            field_dict["note"] = note
        if kind is not UNSET:
            field_dict["kind"] = kind
        if job_id is not UNSET:
            field_dict["jobId"] = job_id
        if trace_ids is not UNSET:
            field_dict["traceIds"] = trace_ids
        if trace_count is not UNSET:
            field_dict["traceCount"] = trace_count
        if occurrences is not UNSET:
            field_dict["occurrences"] = occurrences
        if tokens is not UNSET:
            field_dict["tokens"] = tokens

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        status = check_insight_status(d.pop("status"))

        section = d.pop("section")

        content = d.pop("content")

        helpful = d.pop("helpful")

        harmful = d.pop("harmful")

        note = d.pop("note", UNSET)

        kind = d.pop("kind", UNSET)

        job_id = d.pop("jobId", UNSET)

        trace_ids = cast(list[str], d.pop("traceIds", UNSET))

        trace_count = d.pop("traceCount", UNSET)

        occurrences = d.pop("occurrences", UNSET)

        tokens = d.pop("tokens", UNSET)

        insight = cls(
            id=id,
            status=status,
            section=section,
            content=content,
            helpful=helpful,
            harmful=harmful,
            note=note,
            kind=kind,
            job_id=job_id,
            trace_ids=trace_ids,
            trace_count=trace_count,
            occurrences=occurrences,
            tokens=tokens,
        )

        insight.additional_properties = d
        return insight

    @property
    def additional_keys(self) -> list[str]:
        return list(self.additional_properties.keys())

    def __getitem__(self, key: str) -> Any:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: str) -> bool:
        return key in self.additional_properties
