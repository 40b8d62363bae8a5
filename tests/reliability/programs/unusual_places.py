"""Traces from an unusual place: URL PLACE."""

import asyncio
import atexit
import gc
import sys
import threading
import weakref

PLACE = sys.argv[2]


def late(name: str = "late") -> None:
    from ace_tracing import start_span

    with start_span(name):
        pass


if PLACE == "atexit, registered first":
    # Handlers run in reverse order, so this one runs after the library's.
    atexit.register(late, "too late")

from common import configure_tracing  # noqa: E402 - after the handler

from ace_tracing import start_span  # noqa: E402 - after the handler


class Late:
    """An object that traces when it is finalized."""

    def __init__(self, name: str) -> None:
        self._name = name
        # Some of the module's globals are gone when it runs.
        self._start_span = start_span

    def __del__(self) -> None:
        with self._start_span(self._name):
            pass


async def in_the_loop() -> None:
    with start_span("in the loop"):
        await asyncio.sleep(0)


configure_tracing()
with start_span("begun"):
    pass

match PLACE:
    case "atexit":
        atexit.register(late)
    case "__del__":
        holder: list[object] = [Late("late")]
        # A reference cycle, which only the garbage collector frees.
        holder.append(holder)
        del holder
        gc.collect()
    case "__del__ of a module's global":
        kept = Late("too late")
    case "event loop closed":
        loop = asyncio.new_event_loop()
        loop.run_until_complete(in_the_loop())
        loop.close()
        late()
    case "daemon thread":
        thread = threading.Thread(target=late, daemon=True)
        thread.start()
        thread.join()
        threading.Thread(target=threading.Event().wait, daemon=True).start()
    case "thread that outlives main":
        main = threading.main_thread()
        threading.Thread(target=lambda: (main.join(), late())).start()  # type: ignore[func-returns-value]
    case "weakref.finalize":
        anchor = {1}
        weakref.finalize(anchor, late)
    case "excepthook":
        sys.excepthook = lambda *_: late()
        raise RuntimeError("uncaught")
