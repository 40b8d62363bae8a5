"""Wrong usage of the REST client that a type checker must reject. Each comment names the errors of mypy. Never run."""
# pyright: strict

from __future__ import annotations

from kayba_api import AsyncKayba, Kayba

client = Kayba(apikey="kb-key")  # error: call-arg
Kayba(max_retries="2")  # error: arg-type
client.traces.get()  # error: call-arg
client.traces.get(1)  # error: arg-type
client.traces.get("a", retries=1)  # error: call-arg
client.traces.batch_get(ids="a")  # error: arg-type
client.traces.upload(traces=["a.md"])  # error: list-item
client.insights.list(status="archived")  # error: arg-type
client.insights.update("a", "accepted")  # error: call-arg
client.integrations.update("github", enabled=True)  # error: arg-type
client.jobs.wait("a", timeout="1 minute")  # error: arg-type
client.traces.with_raw_response.get(1)  # error: arg-type
print(client.traces.with_raw_response.get("a").content.encode())  # error: attr-defined
print(client.traces.list().traces)  # error: attr-defined
client.webhooks.list()  # error: attr-defined


async def forgotten() -> None:
    later = AsyncKayba()
    print(later.jobs.get("a").status)  # error: attr-defined
    for _ in later.traces.list():  # error: attr-defined
        pass
