# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""What the resources of ``Kayba`` and ``AsyncKayba`` stand on; nothing in here knows an operation."""
