"""Send Celery tasks, wait for their results and print these: NAME COUNT."""

from __future__ import annotations

import json
import sys

import tasks

calls = {"add": lambda number: tasks.add.delay(number, 1), "wait": lambda _: tasks.wait.delay()}
sent = [calls[sys.argv[1]](number) for number in range(int(sys.argv[2]))]
print(json.dumps([each.get(timeout=240) for each in sent]))
