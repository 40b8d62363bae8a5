"""Runs of a LangGraph graph: a model, a tool, and two nodes in parallel."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from cases import KEY, MODEL, OPENAI_URL, cancel_during_call, get_weather
from langchain.tools import tool
from langchain_openai import ChatOpenAI
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode, tools_condition
from questions import FAILING_QUESTION, QUESTION, SLOW_QUESTION, WEATHER_QUESTION

model = ChatOpenAI(model=MODEL, api_key=KEY, base_url=OPENAI_URL, max_retries=0, stream_usage=True)
weather_tool = tool(get_weather)
model_with_tools = model.bind_tools([weather_tool])


class State(TypedDict):
    messages: Annotated[list[Any], add_messages]


def _build() -> Any:
    graph = StateGraph(State)
    graph.add_node("model", lambda state: {"messages": [model_with_tools.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([weather_tool]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile()


def _build_async() -> Any:
    async def call(state: State) -> Any:
        return {"messages": [await model_with_tools.ainvoke(state["messages"])]}

    graph = StateGraph(State)
    graph.add_node("model", call)
    graph.add_node("tools", ToolNode([weather_tool]))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition)
    graph.add_edge("tools", "model")
    return graph.compile()


def _build_parallel() -> Any:
    graph = StateGraph(State)
    for name in ("first", "second"):
        graph.add_node(name, lambda state: {"messages": [model.invoke(state["messages"][:1])]})
        graph.add_edge(START, name)
        graph.add_edge(name, END)
    return graph.compile()


def _ask(question: str) -> Any:
    return {"messages": [{"role": "user", "content": question}]}


def chat() -> str:
    return str(_build().invoke(_ask(QUESTION))["messages"][-1].content)


async def chat_async() -> str:
    return str((await _build_async().ainvoke(_ask(QUESTION)))["messages"][-1].content)


def tools() -> str:
    return str(_build().invoke(_ask(WEATHER_QUESTION))["messages"][-1].content)


async def tools_async() -> str:
    return str((await _build_async().ainvoke(_ask(WEATHER_QUESTION)))["messages"][-1].content)


def parallel() -> str:
    return str(_build_parallel().invoke(_ask(QUESTION))["messages"][-1].content)


def stream() -> str:
    chunks = _build().stream(_ask(QUESTION), stream_mode="messages")
    return "".join(str(message.content) for message, _ in chunks)


def error() -> None:
    _build().invoke(_ask(FAILING_QUESTION))


async def cancelled() -> str:
    return await cancel_during_call(_build_async().ainvoke(_ask(SLOW_QUESTION)))


def abandoned() -> str:
    chunks = _build().stream(_ask(SLOW_QUESTION), stream_mode="messages")
    text = next(str(message.content) for message, _ in chunks if message.content)
    chunks.close()
    return text
