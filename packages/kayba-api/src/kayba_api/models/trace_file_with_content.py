# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any, TypeVar

from attrs import define as _attrs_define
from attrs import field as _attrs_field

from ..models.file_type import FileType, check_file_type
from ..types import UNSET, Unset

T = TypeVar("T", bound="TraceFileWithContent")


@_attrs_define
class TraceFileWithContent:
    """A trace file with its content.

    Attributes:
        id (str): An opaque id.
        filename (str): The name given at the upload.
        size (int): The size of the content in bytes.
        uploaded_at (datetime.datetime): The time of the upload.
        content (str): The transcript.
        file_type (FileType | Unset): The format of a trace file.
        type_ (str | Unset): The name of `fileType` on older servers.
    """

    id: str
    filename: str
    size: int
    uploaded_at: datetime.datetime
    content: str
    file_type: FileType | Unset = UNSET
    type_: str | Unset = UNSET
    additional_properties: dict[str, Any] = _attrs_field(init=False, factory=dict)

    def to_dict(self) -> dict[str, Any]:
        id = self.id

        filename = self.filename

        size = self.size

        uploaded_at = self.uploaded_at.isoformat()

        content = self.content

        file_type: str | Unset = UNSET
        if not isinstance(self.file_type, Unset):
            file_type = self.file_type

        type_ = self.type_

        field_dict: dict[str, Any] = {}
        field_dict.update(self.additional_properties)
        field_dict.update(
            {
                "id": id,
                "filename": filename,
                "size": size,
                "uploadedAt": uploaded_at,
                "content": content,
            }
        )
        if file_type is not UNSET:
            field_dict["fileType"] = file_type
        if type_ is not UNSET:
            field_dict["type"] = type_

        return field_dict

    @classmethod
    def from_dict(cls: type[T], src_dict: Mapping[str, Any]) -> T:
        d = dict(src_dict)
        id = d.pop("id")

        filename = d.pop("filename")

        size = d.pop("size")

        uploaded_at = datetime.datetime.fromisoformat(d.pop("uploadedAt"))

        content = d.pop("content")

        _file_type = d.pop("fileType", UNSET)
        file_type: FileType | Unset
        if isinstance(_file_type, Unset):
            file_type = UNSET
        else:
            file_type = check_file_type(_file_type)

        type_ = d.pop("type", UNSET)

        trace_file_with_content = cls(
            id=id,
            filename=filename,
            size=size,
            uploaded_at=uploaded_at,
            content=content,
            file_type=file_type,
            type_=type_,
        )

        trace_file_with_content.additional_properties = d
        return trace_file_with_content

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
