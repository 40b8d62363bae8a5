"""Calls of LangChain: a chat model, a chain, an agent with a tool, batches and embeddings."""

from __future__ import annotations

from typing import Any

from cases import EMBEDDING_MODEL, KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from langchain.agents import create_agent
from langchain.tools import tool
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION

model = ChatOpenAI(model=MODEL, api_key=KEY, base_url=OPENAI_URL, max_retries=0, stream_usage=True)
agent: Any = create_agent(model, [tool(get_weather)], name="weather_agent")


def _ask(question: str) -> Any:
    return {"messages": [{"role": "user", "content": question}]}


def chat() -> str:
    return str(model.invoke(QUESTION).content)


async def chat_async() -> str:
    return str((await model.ainvoke(QUESTION)).content)


def chain() -> str:
    prompt = ChatPromptTemplate.from_messages([("system", "You are a guide."), ("user", "{question}")])
    return (prompt | model | StrOutputParser()).invoke({"question": QUESTION})


def batch() -> str:
    return str(model.batch([QUESTION, QUESTION])[1].content)


def tools() -> str:
    return str(agent.invoke(_ask(WEATHER_QUESTION))["messages"][-1].content)


async def tools_async() -> str:
    return str((await agent.ainvoke(_ask(WEATHER_QUESTION)))["messages"][-1].content)


def stream() -> str:
    return "".join(str(chunk.content) for chunk in model.stream(QUESTION))


async def stream_async() -> str:
    return "".join([str(chunk.content) async for chunk in model.astream(QUESTION)])


def stream_without_usage() -> str:
    return "".join(str(chunk.content) for chunk in model.stream(QUESTION, stream_usage=False))


def embeddings() -> int:
    embedder = OpenAIEmbeddings(
        model=EMBEDDING_MODEL, api_key=KEY, base_url=OPENAI_URL, check_embedding_ctx_length=False
    )
    return len(embedder.embed_query(QUESTION))


def error() -> None:
    model.invoke(FAILING_QUESTION)


async def cancelled() -> str:
    return await cancel_during_call(model.ainvoke(SLOW_QUESTION))


def abandoned() -> str:
    chunks: Any = model.stream(SLOW_QUESTION)
    text = next(str(chunk.content) for chunk in chunks if chunk.content)
    chunks.close()
    return text
