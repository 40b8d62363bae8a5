# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..types import UNSET, Unset

if TYPE_CHECKING:
    from ..models.json_object import JsonObject


T = TypeVar("T", bound="ArtifactSpan")


@_attrs_define
class ArtifactSpan:
    """A span in the file format of MLflow's clients. Older clients use other property names.

    Attributes:
        name (str): The span's name.
        trace_id (None | str | Unset): 16 bytes, base64.
        span_id (None | str | Unset): 8 bytes, base64.
        parent_span_id (None | str | Unset): 8 bytes, base64. Null for a root span.
        start_time_unix_nano (int | None | Unset): Nanoseconds since 1970 (UTC).
        end_time_unix_nano (int | None | Unset): Nanoseconds since 1970 (UTC).
        attributes (JsonObject | Unset): Any JSON object.
        events (list[JsonObject] | Unset):
        links (list[JsonObject] | Unset):
        status (JsonObject | Unset): Any JSON object.
    """

    name: str
    trace_id: None | str | Unset = UNSET
    span_id: None | str | Unset = UNSET
    parent_span_id: None | str | Unset = UNSET
    start_time_unix_nano: int | None | Unset = UNSET
    end_time_unix_nano: int | None | Unset = UNSET
    attributes: JsonObject | Unset = UNSET
    events: list[JsonObject] | Unset = UNSET
    links: list[JsonObject] | Unset = UNSET
    status: JsonObject | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        name = self.name

        trace_id: None | str | Unset
        if isinstance(self.trace_id, Unset):
            trace_id = UNSET
        else:
            trace_id = self.trace_id

        span_id: None | str | Unset
        if isinstance(self.span_id, Unset):
            span_id = UNSET
        else:
            span_id = self.span_id

        parent_span_id: None | str | Unset
        if isinstance(self.parent_span_id, Unset):
            parent_span_id = UNSET
        else:
            parent_span_id = self.parent_span_id

        start_time_unix_nano: int | None | Unset
        if isinstance(self.start_time_unix_nano, Unset):
            start_time_unix_nano = UNSET
        else:
            start_time_unix_nano = self.start_time_unix_nano

        end_time_unix_nano: int | None | Unset
        if isinstance(self.end_time_unix_nano, Unset):
            end_time_unix_nano = UNSET
        else:
            end_time_unix_nano = self.end_time_unix_nano

        attributes: dict[str, Any] | Unset = UNSET
        if not isinstance(self.attributes, Unset):
            attributes = self.attributes.to_dict()

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
                "name": name,
            }
        )
        if trace_id is not UNSET:
            field_dict["trace_id"] = trace_id
        if span_id is not UNSET:
            field_dict["span_id"] = span_id
        if parent_span_id is not UNSET:
            field_dict["parent_span_id"] = parent_span_id
        if start_time_unix_nano is not UNSET:
            field_dict["start_time_unix_nano"] = start_time_unix_nano
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
        from ..models.json_object import JsonObject  # noqa: PLC0415

        d = dict(src_dict)
        name = d.pop("name")

        def _parse_trace_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        trace_id = _parse_trace_id(d.pop("trace_id", UNSET))

        def _parse_span_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        span_id = _parse_span_id(d.pop("span_id", UNSET))

        def _parse_parent_span_id(data: object) -> None | str | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(None | str | Unset, data)

        parent_span_id = _parse_parent_span_id(d.pop("parent_span_id", UNSET))

        def _parse_start_time_unix_nano(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        start_time_unix_nano = _parse_start_time_unix_nano(d.pop("start_time_unix_nano", UNSET))

        def _parse_end_time_unix_nano(data: object) -> int | None | Unset:
            if data is None:
                return data
            if isinstance(data, Unset):
                return data
            return cast(int | None | Unset, data)

        end_time_unix_nano = _parse_end_time_unix_nano(d.pop("end_time_unix_nano", UNSET))

        _attributes = d.pop("attributes", UNSET)
        attributes: JsonObject | Unset
        if isinstance(_attributes, Unset):
            attributes = UNSET
        else:
            attributes = JsonObject.from_dict(_attributes)

        _events = d.pop("events", UNSET)
        events: list[JsonObject] | Unset = UNSET
        if _events is not UNSET:
            events = []
            for events_item_data in _events:
                events_item = JsonObject.from_dict(events_item_data)

                events.append(events_item)

        _links = d.pop("links", UNSET)
        links: list[JsonObject] | Unset = UNSET
        if _links is not UNSET:
            links = []
            for links_item_data in _links:
                links_item = JsonObject.from_dict(links_item_data)

                links.append(links_item)

        _status = d.pop("status", UNSET)
        status: JsonObject | Unset
        if isinstance(_status, Unset):
            status = UNSET
        else:
            status = JsonObject.from_dict(_status)

        artifact_span = cls(
            name=name,
            trace_id=trace_id,
            span_id=span_id,
            parent_span_id=parent_span_id,
            start_time_unix_nano=start_time_unix_nano,
            end_time_unix_nano=end_time_unix_nano,
            attributes=attributes,
            events=events,
            links=links,
            status=status,
        )

        artifact_span.additional_properties = d
        return artifact_span

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
