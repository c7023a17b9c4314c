"""Section `search`: what the calls of the API read from DynamoDB, with 100,000 photos of one owner.

The contract test of these calls fills the local DynamoDB and prints what each call has read, so its lines are the figures.
"""

import contextlib
import re
import subprocess
import sys

import config
from harness import Harness
from lambda_api import FunctionFailed

TEST = ["cargo", "test", "--quiet", "--workspace", "--locked", "--test", "contract", "--", "--nocapture", "no_call_scans_or_costs_more_with_100_000_images"]
LINE = re.compile(r"^(GET \S+): (\d+) ms, (\d+) queries, (\d+) batches, ([\d.]+) RCU, (?:Some\((\d+)\)|None) images$", re.M)
FILLED = re.compile(r"^(\d+) images and their rows written in (\d+) s$", re.M)


def measure(say):
    """The figures of each call. The launcher's output goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr), Harness("search"):
        say("search: filling the tables with 100,000 photos and as many rows; this takes minutes")
        ran = subprocess.run(TEST, cwd=config.ROOT, env=config.client_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    found = read(ran.stdout)
    if ran.returncode or not found["calls"]:
        raise FunctionFailed(f"bench: the contract test of the API's reads failed:\n{ran.stdout[-1000:]}")
    return found


def read(output):
    """The figures in the output of the test."""
    calls = [
        {"request": request, "millis": int(millis), "queries": int(queries), "batches": int(batches), "capacity": float(capacity), "found": int(count) if count else None}
        for request, millis, queries, batches, capacity, count in LINE.findall(output)
    ]
    filled = FILLED.search(output)
    return {"calls": calls, "photos": int(filled.group(1)) if filled else 0}
