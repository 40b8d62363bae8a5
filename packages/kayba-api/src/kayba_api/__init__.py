# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The Kayba API, typed: one ``Client``, and a module for each operation under ``kayba_api.api``.

Models are in ``kayba_api.models``. Everything here is generated from the contract; see the README on how to change it.
"""

from .client import Client
from .errors import UnexpectedStatus
from .types import UNSET, EncodedBody, Response, Unset

__all__ = ("Client", "EncodedBody", "Response", "UNSET", "UnexpectedStatus", "Unset")
