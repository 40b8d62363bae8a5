"""REST API, from transcripts to a prompt: upload transcripts, generate insights, accept them, generate a prompt."""

from kayba_api import JobFailedError, Kayba, RateLimitError
from kayba_api.models import NewTraceFile

TRANSCRIPT = """# User
Where is order {number}?
# Agent
Calling find_order({number})
Traceback (most recent call last):
KeyError: '{number}'
# Agent
I could not find that order.
"""

if __name__ == "__main__":
    files = [NewTraceFile(f"support-{n}.md", TRANSCRIPT.format(number=n), "md") for n in range(3)]

    with Kayba() as client:  # KAYBA_API_KEY and KAYBA_API_URL
        uploaded = client.traces.upload(traces=files, on_progress=lambda sent, total: print(f"{sent} of {total} sent"))
        started = client.insights.generate(trace_ids=[trace.id for trace in uploaded.traces])
        try:
            job = client.jobs.wait(started.job_id, timeout=60)
        except (JobFailedError, RateLimitError) as error:
            raise SystemExit(str(error)) from error
        client.jobs.materialize(job.job_id)

        for insight in client.insights.list(status="pending"):
            client.insights.update(insight.id, status="accepted")
            print(f"accepted: {insight.section}")

        prompt = client.prompts.generate(label="support")
        print(f"version {prompt.version} of the prompt, {len(prompt.content.text.splitlines())} lines")
