"""Program: generate a client beside the `kayba.yaml` of each given folder, with one import of the generator."""

from __future__ import annotations

import sys
from pathlib import Path

from generate import CLIENT, SERVER_COPY, generate_client, load_contract, write_server_copy

for folder in map(Path, sys.argv[1:]):
    contract = folder / "kayba.yaml"
    generate_client(contract, folder / CLIENT.name)
    write_server_copy(load_contract(contract), folder / SERVER_COPY.name)
