# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The resources: a class for each tag, a method for each operation."""
