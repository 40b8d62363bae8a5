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


@pytest.fixture(scope="session")
def _openai() -> Iterator[openai.OpenAI]:
    # One client: to read the certificates for a new one takes a third of a second.
    import openai

    with openai.OpenAI(api_key="key", base_url="http://127.0.0.1:9", max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def _anthropic() -> Iterator[anthropic.Anthropic]:
    import anthropic

    with anthropic.Anthropic(api_key="key", base_url="http://127.0.0.1:9", max_retries=0) as client:
        yield client


@pytest.fixture
def openai_client(_openai: openai.OpenAI, provider: Provider) -> openai.OpenAI:
    return _openai.with_options(base_url=f"{provider.url}/v1")


@pytest.fixture
def anthropic_client(_anthropic: anthropic.Anthropic, provider: Provider) -> anthropic.Anthropic:
    return _anthropic.with_options(base_url=provider.url)
