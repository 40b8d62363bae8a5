# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""A module for each operation, with `sync`, `sync_detailed`, `asyncio` and `asyncio_detailed`."""
