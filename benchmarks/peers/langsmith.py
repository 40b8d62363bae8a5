# /// script
# requires-python = ">=3.11"
# dependencies = ["langsmith==0.15.0"]
# ///
"""LangSmith, with its decorator and its default client."""

import os

from langsmith import traceable
from langsmith.run_trees import get_cached_client

TRACES = 0.25

traced = traceable


def start(url):
    """Send runs to the sink. The default client reads the environment on first use."""
    os.environ.update(LANGSMITH_TRACING="true", LANGSMITH_ENDPOINT=url, LANGSMITH_API_KEY="lsv2_pt_benchmark")


def flush():
    """Wait until its queue is empty."""
    get_cached_client().flush()
