"""Propagation of the running span to other threads, processes and services."""
