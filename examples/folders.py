"""Traces are filed where the folder stood when they started; tracing can be off for a while."""

from ace import configure_tracing
from ace.tracing import disable, enable, get_folder, set_folder, trace

configure_tracing(folder="production")


@trace
def greet(name: str) -> str:
    """Say hello."""
    return f"Hello, {name}!"


if __name__ == "__main__":
    greet("production")

    set_folder("staging/<b>eu</b>")
    print(get_folder())  # staging/eu: HTML and unusual characters are removed
    greet("staging")

    set_folder(None)
    greet("unfiled")

    disable()
    greet("nobody")
    enable()
    greet("unfiled again")
