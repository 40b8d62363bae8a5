"""REST API in asynchronous code: concurrent calls, a list with several pages, and an error."""

import asyncio

from kayba_api import AsyncKayba, NotFoundError


async def main() -> None:
    """Create experiments concurrently, then list all of them."""
    async with AsyncKayba(max_retries=4) as client:
        await asyncio.gather(*(client.experiments.create(name=f"run {n}") for n in range(5)))

        async for experiment in client.experiments.search(max_results=2, order_by=["name ASC"]):
            print(experiment.experiment_id, experiment.name)

        try:
            await client.experiments.get_by_name("run 9")
        except NotFoundError as error:
            print(error)


if __name__ == "__main__":
    asyncio.run(main())
