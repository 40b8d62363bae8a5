# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
from typing import Literal, cast

FileType = Literal["json", "md", "txt"]


def check_file_type(value: str) -> FileType:
    """Take a value from an answer as it is: a newer server may know more of them than this client."""
    return cast(FileType, value)
