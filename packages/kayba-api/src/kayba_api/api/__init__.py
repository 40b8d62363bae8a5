# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The operations, one package for each tag and one module for each operation."""
