# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The operations as methods, a class for each tag; reached through ``Kayba`` and ``AsyncKayba``."""
