"""Reading traces: by id, by experiment and by folder."""

from ace.tracing import NotFoundError, configure, get_trace, search_traces, start_span, trace

configure(experiment="reading", folder="examples")


@trace
def divide(a: float, b: float) -> float:
    """Divide two numbers."""
    return a / b


if __name__ == "__main__":
    with start_span("two divisions") as span:
        divide(1, 4)
        try:
            divide(1, 0)
        except ZeroDivisionError:
            span.set_attribute("gave_up", True)

    found = get_trace(span.trace_id or "")
    for depth, step in found.walk():
        print("  " * depth + step.name, step.inputs, step.outputs, step.status.description)

    for each in search_traces(experiment_names=["reading"], filter_string="tags.`kayba.folder` = 'examples'"):
        print(each.info.name, each.info.state, each.info.execution_duration, "ms")

    try:
        get_trace("tr-" + "0" * 32)
    except NotFoundError as error:
        print(error)
