# Generated from openapi/kayba.yaml by `hatch run generate`; do not edit.
"""The low-level functions: a package for each tag, a module for each operation."""
