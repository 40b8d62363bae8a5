"""The client's runtime: hand-written modules that the generator copies unchanged into `kayba_api`.

They import the standard library, httpx, anyio, attrs and each other, by relative imports. Nothing here knows an
operation of the contract.
"""
