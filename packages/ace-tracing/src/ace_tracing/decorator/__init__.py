"""Decorator: `@trace` for every kind of callable."""
