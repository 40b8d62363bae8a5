"""Fixtures of the tests with real clients of models: a provider on loopback that speaks their wire.

The clients are imported by the tests that use them: that takes a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from tests.helpers.ecosystem.provider import Provider, run_provider

if TYPE_CHECKING:
    import anthropic
    import openai


@pytest.fixture
def provider() -> Iterator[Provider]:
    with run_provider() as running:
        yield running


@pytest.fixture
def openai_client(provider: Provider) -> Iterator[openai.OpenAI]:
    import openai

    with openai.OpenAI(api_key="key", base_url=f"{provider.url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def anthropic_client(provider: Provider) -> Iterator[anthropic.Anthropic]:
    import anthropic

    with anthropic.Anthropic(api_key="key", base_url=provider.url, max_retries=0) as client:
        yield client
