# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.span_attribute import SpanAttribute
    from ..models.span_event import SpanEvent
    from ..models.span_link import SpanLink
    from ..models.span_status import SpanStatus


T = TypeVar("T", bound="Span")


@_attrs_define
class Span:
    """One step of a trace.

    Attributes:
        trace_id (str): 16 bytes, base64.
        span_id (str): 8 bytes, base64.
        start_time_unix_nano (int): Nanoseconds since 1970 (UTC).
        parent_span_id (str | Unset): The id of the parent span. Omitted for a root span.
        name (str | Unset): The span's name. Omitted if it is empty.
        end_time_unix_nano (int | Unset): Nanoseconds since 1970 (UTC). Omitted while the span is in progress.
        attributes (list[SpanAttribute] | Unset):
        events (list[SpanEvent] | Unset):
        links (list[SpanLink] | Unset):
        status (SpanStatus | Unset): The status of a span.
    """

    trace_id: str
    span_id: str
    start_time_unix_nano: int
    parent_span_id: str | Unset = UNSET
    name: str | Unset = UNSET
    end_time_unix_nano: int | Unset = UNSET
    attributes: list[SpanAttribute] | Unset = UNSET
    events: list[SpanEvent] | Unset = UNSET
    links: list[SpanLink] | Unset = UNSET
    status: SpanStatus | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        trace_id = self.trace_id

        span_id = self.span_id

        start_time_unix_nano = self.start_time_unix_nano

        parent_span_id = self.parent_span_id

        name = self.name

        end_time_unix_nano = self.end_time_unix_nano

        attributes: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.attributes, Unset):
            attributes = []
            for attributes_item_data in self.attributes:
                attributes_item = attributes_item_data.to_dict()
                attributes.append(attributes_item)

        events: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.events, Unset):
            events = []
            for events_item_data in self.events:
                events_item = events_item_data.to_dict()
                events.append(events_item)

        links: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.links, Unset):
            links = []
            for links_item_data in self.links:
                links_item = links_item_data.to_dict()
                links.append(links_item)

        status: dict[str, Any] | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "trace_id": trace_id,
                "span_id": span_id,
                "start_time_unix_nano": start_time_unix_nano,
            }
        )
        if parent_span_id is not UNSET:
            field_dict["parent_span_id"] = parent_span_id
        if name is not UNSET:
            field_dict["name"] = name
        if end_time_unix_nano is not UNSET:
            field_dict["end_time_unix_nano"] = end_time_unix_nano
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if events is not UNSET:
            field_dict["events"] = events
        if links is not UNSET:
            field_dict["links"] = links
        if status is not UNSET:
            field_dict["status"] = status

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.span_attribute import SpanAttribute  # noqa: PLC0415
        from ..models.span_event import SpanEvent  # noqa: PLC0415
        from ..models.span_link import SpanLink  # noqa: PLC0415
        from ..models.span_status import SpanStatus  # noqa: PLC0415

        d = dict(src_dict)
        trace_id = d.pop("trace_id")

        span_id = d.pop("span_id")

        start_time_unix_nano = d.pop("start_time_unix_nano")

        parent_span_id = d.pop("parent_span_id", UNSET)

        name = d.pop("name", UNSET)

        end_time_unix_nano = d.pop("end_time_unix_nano", UNSET)

        _attributes = d.pop("attributes", UNSET)
        attributes: list[SpanAttribute] | Unset = UNSET
        if _attributes is not UNSET:
            attributes = []
            for attributes_item_data in _attributes:
                attributes_item = SpanAttribute.from_dict(attributes_item_data)

                attributes.append(attributes_item)

        _events = d.pop("events", UNSET)
        events: list[SpanEvent] | Unset = UNSET
        if _events is not UNSET:
            events = []
            for events_item_data in _events:
                events_item = SpanEvent.from_dict(events_item_data)

                events.append(events_item)

        _links = d.pop("links", UNSET)
        links: list[SpanLink] | Unset = UNSET
        if _links is not UNSET:
            links = []
            for links_item_data in _links:
                links_item = SpanLink.from_dict(links_item_data)

                links.append(links_item)

        _status = d.pop("status", UNSET)
        status: SpanStatus | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = SpanStatus.from_dict(_status)

        span = cls(
            trace_id=trace_id,
            span_id=span_id,
            start_time_unix_nano=start_time_unix_nano,
            parent_span_id=parent_span_id,
            name=name,
            end_time_unix_nano=end_time_unix_nano,
            attributes=attributes,
            events=events,
            links=links,
            status=status,
        )

        span.additional_properties = d
        return span

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
