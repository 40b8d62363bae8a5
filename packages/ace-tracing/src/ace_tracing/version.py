"""The package's version: read by the build, and sent with every request."""

__version__ = "0.1.0"
