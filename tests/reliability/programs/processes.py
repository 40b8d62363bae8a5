"""Makes 100 traces in the parent and 100 in `multiprocessing` children: URL METHOD KIND."""

import concurrent.futures
import multiprocessing
import sys

from common import configure_tracing

from ace_tracing import start_span


def work(name: str, count: int = 100) -> None:
    for _ in range(count):
        with start_span(name):
            pass


def configured_work(name: str, count: int = 100) -> None:
    # Only a forked child inherits its parent's configuration.
    if multiprocessing.get_start_method(allow_none=True) != "fork":
        configure_tracing()
    work(name, count)


if __name__ == "__main__":
    multiprocessing.set_start_method(sys.argv[2])
    context = multiprocessing.get_context(sys.argv[2])
    configure_tracing()
    work("parent")
    match sys.argv[3]:
        case "Process":
            child = context.Process(target=configured_work, args=("child",))
            child.start()
            child.join()
            assert child.exitcode == 0
        case "Pool":
            with context.Pool(2) as pool:
                pool.starmap(configured_work, [("child", 10)] * 10)
                pool.close()
                pool.join()
        case "ProcessPoolExecutor":
            with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
                list(executor.map(configured_work, ["child"] * 10, [10] * 10))
