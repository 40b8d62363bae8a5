"""Functions that return an answer or a stream of a well-known client: the span has the answer and the facts."""

from __future__ import annotations

import asyncio
import gc
import sys
import weakref
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import anthropic
import httpx2
import openai
import pytest
from openai.types.chat import ChatCompletion
from tests.ecosystem.runner.questions import ANSWER, FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION
from tests.helpers.ecosystem.provider import Provider

from ace_tracing import Trace, trace

MODEL: Final = "gpt-4o-mini"
CLAUDE: Final = "claude-opus-4-8"
EMBEDDING: Final = "text-embedding-3-small"
LastTrace = Callable[[], Trace]
Call = Callable[[Any, Any, str], Any]
"""Makes a call with the clients of OpenAI and Anthropic and a question."""


def messages_of(question: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}]


def chat(client: Any, _other: Any, question: str, **more: Any) -> Any:
    return client.chat.completions.create(model=MODEL, messages=messages_of(question), **more)


def chat_stream(client: Any, other: Any, question: str) -> Any:
    return chat(client, other, question, stream=True, stream_options={"include_usage": True})


def chat_helper(client: Any, _other: Any, question: str) -> Any:
    messages = messages_of(question)
    return client.chat.completions.stream(model=MODEL, messages=messages, stream_options={"include_usage": True})


def chat_parse(client: Any, _other: Any, question: str) -> Any:
    return client.chat.completions.parse(model=MODEL, messages=messages_of(question))


def response(client: Any, _other: Any, question: str, **more: Any) -> Any:
    return client.responses.create(model=MODEL, input=question, **more)


def response_stream(client: Any, other: Any, question: str) -> Any:
    return response(client, other, question, stream=True)


def response_helper(client: Any, _other: Any, question: str) -> Any:
    return client.responses.stream(model=MODEL, input=question)


def message(_other: Any, client: Any, question: str, **more: Any) -> Any:
    return client.messages.create(model=CLAUDE, max_tokens=100, messages=messages_of(question), **more)


def message_stream(other: Any, client: Any, question: str) -> Any:
    return message(other, client, question, stream=True)


def message_helper(_other: Any, client: Any, question: str) -> Any:
    return client.messages.stream(model=CLAUDE, max_tokens=100, messages=messages_of(question))


ANSWERS: Final[list[Call]] = [chat, chat_parse, response, message]
STREAMS: Final[list[Call]] = [chat_stream, response_stream, message_stream]
HELPERS: Final[list[Call]] = [chat_helper, response_helper, message_helper]
OPENAI_TOKENS: Final = {
    "input_tokens": 101,
    "output_tokens": 11,
    "total_tokens": 112,
    "cache_read_input_tokens": 4,
    "reasoning_tokens": 2,
}
ANTHROPIC_TOKENS: Final = {
    "input_tokens": 101,
    "output_tokens": 11,
    "total_tokens": 112,
    "cache_read_input_tokens": 4,
    "cache_creation_input_tokens": 3,
}


def name_of(call: Call) -> str:
    return call.__name__


def text_of(outputs: Any) -> Any:
    """Return the text of an answer of any of the three wires."""
    if "choices" in outputs:
        return outputs["choices"][0]["message"]["content"]
    if "output" in outputs:
        return "".join(part["text"] for item in outputs["output"] for part in item["content"])
    return "".join(block["text"] for block in outputs["content"])


def check_call(span: Any, call: Call) -> None:
    """Check the facts of a call that returned the whole answer."""
    is_anthropic = call.__name__.startswith("message")
    assert text_of(span.outputs) == ANSWER
    assert span.span_type == "CHAT_MODEL"
    assert span.attributes["mlflow.llm.model"] == (CLAUDE if is_anthropic else MODEL)
    assert span.attributes["mlflow.llm.provider"] == ("anthropic" if is_anthropic else "openai")
    expected = ANTHROPIC_TOKENS if is_anthropic else OPENAI_TOKENS
    if call in (response, response_stream, response_helper):
        expected = {**expected, "cache_creation_input_tokens": 0}
    assert span.token_usage == expected
    assert span.cost["total_cost"] > 0
    assert span.status.status_code == "OK"


@pytest.fixture
def clients(openai_client: openai.OpenAI, anthropic_client: anthropic.Anthropic) -> tuple[Any, Any]:
    return openai_client, anthropic_client


@asynccontextmanager
async def async_clients(provider: Provider) -> AsyncIterator[tuple[Any, Any]]:
    async with (
        openai.AsyncOpenAI(api_key="key", base_url=f"{provider.url}/v1", max_retries=0) as openai_client,
        anthropic.AsyncAnthropic(api_key="key", base_url=provider.url, max_retries=0) as anthropic_client,
    ):
        yield openai_client, anthropic_client


@pytest.mark.parametrize("call", ANSWERS, ids=name_of)
def test_answer_gives_the_facts_of_the_call(last_trace: LastTrace, clients: Any, call: Call) -> None:
    assert trace(call)(*clients, QUESTION)
    check_call(last_trace().root, call)


@pytest.mark.parametrize("call", ANSWERS, ids=name_of)
def test_awaited_answer_gives_the_facts_of_the_call(last_trace: LastTrace, provider: Provider, call: Call) -> None:
    async def main() -> None:
        async with async_clients(provider) as clients:

            @trace
            async def ask() -> Any:
                return await call(*clients, QUESTION)

            assert await ask()

    asyncio.run(main())
    check_call(last_trace().root, call)


@pytest.mark.parametrize("call", [*ANSWERS, *STREAMS], ids=name_of)
def test_returned_coroutine_has_the_facts_of_its_answer(last_trace: LastTrace, provider: Provider, call: Call) -> None:
    async def main() -> None:
        async with async_clients(provider) as clients:
            answer = await trace(call)(*clients, QUESTION)
            if call in STREAMS:
                assert [item async for item in answer]

    asyncio.run(main())
    check_call(last_trace().root, call)


@pytest.mark.covers("Shapes", "Stream of OpenAI or Anthropic")
@pytest.mark.parametrize("call", STREAMS, ids=name_of)
def test_stream_is_recorded_as_the_answer(last_trace: LastTrace, clients: Any, call: Call) -> None:
    stream = trace(call)(*clients, QUESTION)
    assert isinstance(stream, openai.Stream | anthropic.Stream)
    assert len(list(stream)) > 5
    check_call(last_trace().root, call)


@pytest.mark.covers("Shapes", "Stream of OpenAI or Anthropic")
@pytest.mark.parametrize("call", STREAMS, ids=name_of)
def test_async_stream_is_recorded_as_the_answer(last_trace: LastTrace, provider: Provider, call: Call) -> None:
    async def main() -> None:
        async with async_clients(provider) as clients:

            @trace
            async def ask() -> Any:
                return await call(*clients, QUESTION)

            assert len([item async for item in await ask()]) > 5

    asyncio.run(main())
    check_call(last_trace().root, call)


@pytest.mark.parametrize("method", ["iteration", "final answer"])
@pytest.mark.parametrize("call", HELPERS, ids=name_of)
def test_stream_helper_is_recorded_as_the_answer(last_trace: LastTrace, clients: Any, call: Call, method: str) -> None:
    with trace(call)(*clients, QUESTION) as stream:
        if method == "iteration":
            assert list(stream)
        else:
            assert get_final_answer(stream)()
    check_call(last_trace().root, call)


@pytest.mark.parametrize("method", ["iteration", "final answer"])
@pytest.mark.parametrize("call", HELPERS, ids=name_of)
def test_async_stream_helper_is_recorded_as_the_answer(
    last_trace: LastTrace, provider: Provider, call: Call, method: str
) -> None:
    async def main() -> None:
        async with async_clients(provider) as clients, trace(call)(*clients, QUESTION) as stream:
            if method == "iteration":
                assert [item async for item in stream]
            else:
                assert await get_final_answer(stream)()

    asyncio.run(main())
    check_call(last_trace().root, call)


def get_final_answer(stream: Any) -> Any:
    names = ("get_final_completion", "get_final_response", "get_final_message")
    return next(getattr(stream, name) for name in names if hasattr(stream, name))


def test_text_stream_is_recorded_as_the_answer(last_trace: LastTrace, clients: Any) -> None:
    with trace(message_helper)(*clients, QUESTION) as stream:
        assert "".join(stream.text_stream) == ANSWER
    check_call(last_trace().root, message_helper)


def test_embedding_has_its_type_and_tokens(last_trace: LastTrace, openai_client: openai.OpenAI) -> None:
    trace(lambda: openai_client.embeddings.create(model=EMBEDDING, input="text"), name="embed")()  # type: ignore[call-overload]
    root = last_trace().root
    assert (root.span_type, root.attributes["mlflow.llm.model"]) == ("EMBEDDING", EMBEDDING)
    assert root.token_usage == {"input_tokens": 101, "total_tokens": 101}
    assert root.cost["total_cost"] == pytest.approx(101 * 0.02 / 1e6)


@pytest.mark.parametrize("call", [*STREAMS, *HELPERS], ids=name_of)
def test_abandoned_stream_has_the_answer_so_far(last_trace: LastTrace, clients: Any, call: Call) -> None:
    def read_some() -> None:
        stream = trace(call)(*clients, QUESTION)
        if call in HELPERS:
            with stream as items:
                read_pieces(items)
        else:
            read_pieces(stream)

    read_some()
    gc.collect()
    check_part(last_trace().root)


def read_pieces(items: Any) -> None:
    """Read a stream until some of the text has come."""
    texts = (item for item in items if text_arrived(item))
    next(texts)
    next(texts)


def check_part(span: Any) -> None:
    """Check the span of a call whose answer did not end."""
    assert ANSWER.startswith(text_of(span.outputs))
    assert 0 < len(text_of(span.outputs)) < len(ANSWER)
    assert span.span_type == "CHAT_MODEL"
    assert span.attributes["mlflow.llm.model"] in (MODEL, CLAUDE)


@pytest.mark.parametrize("call", [*STREAMS, *HELPERS], ids=name_of)
def test_failing_consumer_leaves_the_answer_so_far(last_trace: LastTrace, clients: Any, call: Call) -> None:
    def consume() -> None:
        with trace(call)(*clients, QUESTION) as items:
            read_pieces(items)
            raise ValueError("consumer")

    with pytest.raises(ValueError, match="consumer"):
        consume()
    check_part(last_trace().root)
    assert last_trace().root.status.status_code == "ERROR"


@pytest.mark.parametrize("call", STREAMS, ids=name_of)
def test_failing_stream_leaves_the_answer_so_far(last_trace: LastTrace, clients: Any, call: Call) -> None:
    stream = trace(call)(*clients, SLOW_QUESTION)
    items = iter(stream)
    while not text_arrived(next(items)):
        pass
    # The connection breaks in the middle of the text.
    stream.response.close()
    with pytest.raises((openai.APIConnectionError, anthropic.APIConnectionError, httpx2.TransportError)):
        list(items)
    root = last_trace().root
    assert root.status.status_code == "ERROR"
    assert text_of(root.outputs) == ANSWER.split()[0] + " "


def text_arrived(item: Any) -> bool:
    if hasattr(item, "choices"):
        return bool(item.choices and item.choices[0].delta.content)
    return item.type in ("content.delta", "response.output_text.delta", "content_block_delta")


@pytest.mark.parametrize("call", STREAMS, ids=name_of)
def test_cancelled_stream_leaves_the_answer_so_far(last_trace: LastTrace, provider: Provider, call: Call) -> None:
    async def main() -> None:
        async with async_clients(provider) as clients:
            arrived = asyncio.Event()

            @trace
            async def ask() -> Any:
                return await call(*clients, SLOW_QUESTION)

            async def consume() -> None:
                async for item in await ask():
                    if text_arrived(item):
                        arrived.set()

            task = asyncio.create_task(consume())
            await arrived.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    root = last_trace().root
    assert text_of(root.outputs) == ANSWER.split()[0] + " "
    assert root.span_type == "CHAT_MODEL"


@pytest.mark.parametrize("call", [*ANSWERS, *STREAMS, *HELPERS], ids=name_of)
def test_error_of_the_provider_is_the_clients_own(last_trace: LastTrace, clients: Any, call: Call) -> None:
    with pytest.raises((openai.APIStatusError, anthropic.APIStatusError)), trace(call)(*clients, FAILING_QUESTION):
        pass
    root = last_trace().root
    assert (root.status.status_code, root.token_usage) == ("ERROR", {})


@pytest.mark.parametrize("call", ANSWERS, ids=name_of)
def test_outer_function_repeats_no_facts_of_an_answer(last_trace: LastTrace, clients: Any, call: Call) -> None:
    inner = trace(call)

    @trace
    def outer() -> Any:
        return inner(*clients, QUESTION)

    outer()
    check_outer(last_trace(), call)


def check_outer(found: Trace, call: Call) -> None:
    """Check that only the inner span has the facts of the call, and that both have the answer."""
    root, child = found.root, found.data.spans[1]
    assert child.name == call.__name__
    check_call(child, call)
    assert text_of(root.outputs) == ANSWER
    assert (root.span_type, root.token_usage, root.cost) == ("UNKNOWN", {}, {})
    assert "mlflow.llm.model" not in root.attributes
    assert found.token_usage == child.token_usage


@pytest.mark.parametrize("call", STREAMS, ids=name_of)
def test_outer_function_repeats_no_facts_of_a_stream(last_trace: LastTrace, clients: Any, call: Call) -> None:
    inner = trace(call)

    @trace
    def outer() -> Any:
        return inner(*clients, QUESTION)

    stream = outer()
    assert isinstance(stream, openai.Stream | anthropic.Stream)
    assert list(stream)
    check_outer(last_trace(), call)


@pytest.mark.parametrize("method", ["iteration", "final answer"])
@pytest.mark.parametrize("call", HELPERS, ids=name_of)
def test_outer_function_repeats_no_facts_of_a_helper(
    last_trace: LastTrace, clients: Any, call: Call, method: str
) -> None:
    inner = trace(call)

    @trace
    def outer() -> Any:
        return inner(*clients, QUESTION)

    with outer() as stream:
        assert list(stream) if method == "iteration" else get_final_answer(stream)()
    check_outer(last_trace(), call)


@pytest.mark.parametrize("call", HELPERS, ids=name_of)
def test_function_that_returns_the_final_answer_repeats_no_facts(
    last_trace: LastTrace, clients: Any, call: Call
) -> None:
    inner = trace(call)

    @trace
    def outer() -> Any:
        with inner(*clients, QUESTION) as stream:
            return get_final_answer(stream)()

    outer()
    check_outer(last_trace(), call)


def test_settings_of_the_user_stay(last_trace: LastTrace, clients: Any) -> None:
    decorate = trace(span_type="LLM", attributes={"mlflow.llm.model": "mine"}, capture_outputs=text_of)
    list(decorate(chat_stream)(*clients, QUESTION))
    root = last_trace().root
    assert (root.span_type, root.attributes["mlflow.llm.model"], root.outputs) == ("LLM", "mine", ANSWER)
    assert root.token_usage == OPENAI_TOKENS


def test_reducer_of_the_user_wins(last_trace: LastTrace, clients: Any) -> None:
    chunks = list(trace(reducer=len)(chat_stream)(*clients, QUESTION))
    root = last_trace().root
    assert (root.outputs, root.token_usage) == (len(chunks), OPENAI_TOKENS)


def test_answer_of_a_function_with_a_reducer_has_its_facts(last_trace: LastTrace, clients: Any) -> None:
    trace(reducer=len)(chat)(*clients, QUESTION)
    check_call(last_trace().root, chat)


@pytest.mark.parametrize("call", [chat, chat_stream, message_helper], ids=name_of)
def test_unrecorded_outputs_leave_the_facts(last_trace: LastTrace, clients: Any, call: Call) -> None:
    result = trace(capture_outputs=False)(call)(*clients, QUESTION)
    if call is chat_stream:
        list(result)
    elif call is message_helper:
        with result as stream:
            stream.until_done()
    root = last_trace().root
    assert root.outputs is None
    assert root.token_usage == (ANTHROPIC_TOKENS if call is message_helper else OPENAI_TOKENS)


def test_stream_without_usage_has_no_tokens(last_trace: LastTrace, clients: Any) -> None:
    list(trace(chat)(*clients, QUESTION, stream=True))
    root = last_trace().root
    assert (text_of(root.outputs), root.span_type, root.token_usage) == (ANSWER, "CHAT_MODEL", {})


def test_tool_calls_have_their_joined_arguments(last_trace: LastTrace, clients: Any) -> None:
    function = {"name": "get_weather", "parameters": {"type": "object", "properties": {}}}
    list(trace(chat)(*clients, WEATHER_QUESTION, stream=True, tools=[{"type": "function", "function": function}]))
    (choice,) = last_trace().root.outputs["choices"]
    assert choice["finish_reason"] == "tool_calls"
    (called,) = choice["message"]["tool_calls"]
    assert called["function"] == {"name": "get_weather", "arguments": '{"city": "Paris"}'}


def test_stream_that_nobody_reads_ends_its_span(last_trace: LastTrace, clients: Any) -> None:
    trace(chat_stream)(*clients, QUESTION).close()
    assert last_trace().root.status.status_code == "OK"


def test_disabled_tracing_returns_the_clients_own_stream(clients: Any) -> None:
    stream = trace(chat_stream)(*clients, QUESTION)
    assert type(stream) is openai.Stream
    stream.close()


def test_answer_is_not_kept_alive(tracing: object, clients: Any) -> None:
    answer = trace(chat)(*clients, QUESTION)
    reference = weakref.ref(answer)
    del answer
    gc.collect()
    assert reference() is None


class OwnAnswer(ChatCompletion):
    """An answer whose attributes raise when they are read."""

    def __getattribute__(self, name: str) -> Any:
        if sys._getframe(1).f_globals["__name__"].startswith("ace_tracing"):
            raise RuntimeError(name)
        return super().__getattribute__(name)


def test_attributes_of_an_answer_are_not_called(last_trace: LastTrace, clients: Any) -> None:
    answer = chat(*clients, QUESTION)
    own = OwnAnswer.construct(**dict(answer))
    assert trace(lambda: own)() is own
    assert last_trace().root.token_usage == OPENAI_TOKENS
