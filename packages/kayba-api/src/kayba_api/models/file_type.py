# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

FileType = Literal["json", "md", "txt"]


def check_file_type(value: str) -> FileType:
    """Return a value unchanged: a newer server may send values that this client does not know."""
    return cast(FileType, value)
