"""Trace a LangGraph graph."""

from langchain_openai import ChatOpenAI
from langgraph.graph import START, MessagesState, StateGraph

from ace.tracing import configure, instrument

configure()
instrument("langgraph")
model = ChatOpenAI(model="gpt-4o-mini")


def answer(state: MessagesState) -> dict:
    return {"messages": [model.invoke(state["messages"])]}


graph = StateGraph(MessagesState).add_node(answer).add_edge(START, "answer").compile()
result = graph.invoke({"messages": [{"role": "user", "content": "What is the capital of France?"}]})
print(result["messages"][-1].content)
