# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.key_value import KeyValue
    from ..models.otlp_event import OtlpEvent
    from ..models.otlp_link import OtlpLink
    from ..models.otlp_status import OtlpStatus


T = TypeVar("T", bound="OtlpSpan")


@_attrs_define
class OtlpSpan:
    """One step of a trace.

    Attributes:
        trace_id (str): 16 bytes, hex. Not all bytes may be zero.
        span_id (str): 8 bytes, hex. Not all bytes may be zero.
        name (str): The span's name.
        start_time_unix_nano (int | str): Nanoseconds since 1970 (UTC), as a number or as text.
        trace_state (str | Unset): W3C trace state.
        parent_span_id (str | Unset): The id of the parent span. Empty or omitted for a root span.
        flags (int | Unset): An unsigned 32-bit integer.
        kind (int | Unset): 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer.
        end_time_unix_nano (int | str | Unset): Nanoseconds since 1970 (UTC), as a number or as text.
        attributes (list[KeyValue] | Unset): Attributes.
        dropped_attributes_count (int | Unset): An unsigned 32-bit integer.
        events (list[OtlpEvent] | Unset):
        dropped_events_count (int | Unset): An unsigned 32-bit integer.
        links (list[OtlpLink] | Unset):
        dropped_links_count (int | Unset): An unsigned 32-bit integer.
        status (OtlpStatus | Unset): The status of a span.
    """

    trace_id: str
    span_id: str
    name: str
    start_time_unix_nano: int | str
    trace_state: str | Unset = UNSET
    parent_span_id: str | Unset = UNSET
    flags: int | Unset = UNSET
    kind: int | Unset = UNSET
    end_time_unix_nano: int | str | Unset = UNSET
    attributes: list[KeyValue] | Unset = UNSET
    dropped_attributes_count: int | Unset = UNSET
    events: list[OtlpEvent] | Unset = UNSET
    dropped_events_count: int | Unset = UNSET
    links: list[OtlpLink] | Unset = UNSET
    dropped_links_count: int | Unset = UNSET
    status: OtlpStatus | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        trace_id = self.trace_id

        span_id = self.span_id

        name = self.name

        start_time_unix_nano: int | str
        start_time_unix_nano = self.start_time_unix_nano

        trace_state = self.trace_state

        parent_span_id = self.parent_span_id

        flags = self.flags

        kind = self.kind

        end_time_unix_nano: int | str | Unset
        if isinstance(self.end_time_unix_nano, Unset):
            end_time_unix_nano = UNSET
        else:
            end_time_unix_nano = self.end_time_unix_nano

        attributes: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.attributes, Unset):
            attributes = []
            for componentsschemas_key_values_item_data in self.attributes:
                componentsschemas_key_values_item = componentsschemas_key_values_item_data.to_dict()
                attributes.append(componentsschemas_key_values_item)

        dropped_attributes_count = self.dropped_attributes_count

        events: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.events, Unset):
            events = []
            for events_item_data in self.events:
                events_item = events_item_data.to_dict()
                events.append(events_item)

        dropped_events_count = self.dropped_events_count

        links: list[dict[str, Any]] | Unset = UNSET
        if not isinstance(self.links, Unset):
            links = []
            for links_item_data in self.links:
                links_item = links_item_data.to_dict()
                links.append(links_item)

        dropped_links_count = self.dropped_links_count

        status: dict[str, Any] | Unset = UNSET
        if not isinstance(self.status, Unset):
            status = self.status.to_dict()

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "traceId": trace_id,
                "spanId": span_id,
                "name": name,
                "startTimeUnixNano": start_time_unix_nano,
            }
        )
        if trace_state is not UNSET:
            field_dict["traceState"] = trace_state
        if parent_span_id is not UNSET:
            field_dict["parentSpanId"] = parent_span_id
        if flags is not UNSET:
            field_dict["flags"] = flags
        if kind is not UNSET:
            field_dict["kind"] = kind
        if end_time_unix_nano is not UNSET:
            field_dict["endTimeUnixNano"] = end_time_unix_nano
        if attributes is not UNSET:
            field_dict["attributes"] = attributes
        if dropped_attributes_count is not UNSET:
            field_dict["droppedAttributesCount"] = dropped_attributes_count
        if events is not UNSET:
            field_dict["events"] = events
        if dropped_events_count is not UNSET:
            field_dict["droppedEventsCount"] = dropped_events_count
        if links is not UNSET:
            field_dict["links"] = links
        if dropped_links_count is not UNSET:
            field_dict["droppedLinksCount"] = dropped_links_count
        if status is not UNSET:
            field_dict["status"] = status

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        from ..models.key_value import KeyValue  # noqa: PLC0415
        from ..models.otlp_event import OtlpEvent  # noqa: PLC0415
        from ..models.otlp_link import OtlpLink  # noqa: PLC0415
        from ..models.otlp_status import OtlpStatus  # noqa: PLC0415

        d = dict(src_dict)
        trace_id = d.pop("traceId")

        span_id = d.pop("spanId")

        name = d.pop("name")

        def _parse_start_time_unix_nano(data: object) -> int | str:
            return cast(int | str, data)

        start_time_unix_nano = _parse_start_time_unix_nano(d.pop("startTimeUnixNano"))

        trace_state = d.pop("traceState", UNSET)

        parent_span_id = d.pop("parentSpanId", UNSET)

        flags = d.pop("flags", UNSET)

        kind = d.pop("kind", UNSET)

        def _parse_end_time_unix_nano(data: object) -> int | str | Unset:
            if isinstance(data, Unset):
                return data
            return cast(int | str | Unset, data)

        end_time_unix_nano = _parse_end_time_unix_nano(d.pop("endTimeUnixNano", UNSET))

        _attributes = d.pop("attributes", UNSET)
        attributes: list[KeyValue] | Unset = UNSET
        if _attributes is not UNSET:
            attributes = []
            for componentsschemas_key_values_item_data in _attributes:
                componentsschemas_key_values_item = KeyValue.from_dict(componentsschemas_key_values_item_data)

                attributes.append(componentsschemas_key_values_item)

        dropped_attributes_count = d.pop("droppedAttributesCount", UNSET)

        _events = d.pop("events", UNSET)
        events: list[OtlpEvent] | Unset = UNSET
        if _events is not UNSET:
            events = []
            for events_item_data in _events:
                events_item = OtlpEvent.from_dict(events_item_data)

                events.append(events_item)

        dropped_events_count = d.pop("droppedEventsCount", UNSET)

        _links = d.pop("links", UNSET)
        links: list[OtlpLink] | Unset = UNSET
        if _links is not UNSET:
            links = []
            for links_item_data in _links:
                links_item = OtlpLink.from_dict(links_item_data)

                links.append(links_item)

        dropped_links_count = d.pop("droppedLinksCount", UNSET)

        _status = d.pop("status", UNSET)
        status: OtlpStatus | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = OtlpStatus.from_dict(_status)

        otlp_span = cls(
            trace_id=trace_id,
            span_id=span_id,
            name=name,
            start_time_unix_nano=start_time_unix_nano,
            trace_state=trace_state,
            parent_span_id=parent_span_id,
            flags=flags,
            kind=kind,
            end_time_unix_nano=end_time_unix_nano,
            attributes=attributes,
            dropped_attributes_count=dropped_attributes_count,
            events=events,
            dropped_events_count=dropped_events_count,
            links=links,
            dropped_links_count=dropped_links_count,
            status=status,
        )

        otlp_span.additional_properties = d
        return otlp_span

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
