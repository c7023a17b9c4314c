#!/usr/bin/env python3
"""Simulates how uploads wait for the quotas of Rekognition and Lambda with the declared retries.

It reads the Retry fields from statemachine/image-analysis.asl.json and the SDK's retry constants from crates/aws/src/clients.rs.
For each load, Rekognition quota and Lambda concurrency it prints how many executions fail, when the last one ends compared with the
shortest time that the quotas allow, the number of state retries per image, and their cost.

Assumptions:
- Rekognition has one token bucket per operation, with a capacity of one second of calls. A throttled call is free. DetectFaces has
  the same quota as the other operations (on AWS it is higher).
- Lambda runs at most the given number of functions concurrently, and rejects more with Lambda.TooManyRequestsException, which costs
  one transition. Lambda's scaling rate (1,000 per function every 10 seconds) is not a limit at a concurrency of 1,000.
- A function that waits in the SDK's backoff counts for Lambda's concurrency and is billed.
- Every image needs labels and moderation; the shares PERSONS and TEXTS need faces and text. A call takes CALL_SECONDS, a function
  INSPECT_SECONDS or OTHER_SECONDS in total, as in docs/cost.md.
- Step Functions waits a uniformly random time from 0 to min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** n), according to
  JitterStrategy FULL. The quotas of Step Functions only delay starts and are ignored.
- The shortest time is the maximum of three times (each operation's calls at its quota, the time of all functions at Lambda's concurrency,
  and the time until the last upload) plus the time of one image. No scheduling is faster.
- An execution fails if the attempts of a retrier are exhausted, or if its history would exceed 25,000 events.
Prices are from docs/cost.md.
"""

import argparse
import heapq
import json
import random
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DEFINITION = ROOT / "statemachine" / "image-analysis.asl.json"
CLIENTS = ROOT / "crates" / "aws" / "src" / "clients.rs"

INSPECT_SECONDS, OTHER_SECONDS, CALL_SECONDS = 0.5, 0.7, 0.6
INSPECT_GB, OTHER_GB = 1.0, 0.125
PERSONS, TEXTS = 0.5, 0.2
TRANSITION, GB_SECOND, REQUEST, IMAGE = 0.025e-3, 0.0000133, 0.2e-6, 3.09e-3  # dollars
MOST_EVENTS = 25_000
EVENTS_OF_A_RUN, EVENTS_OF_A_RETRY = 45, 3  # TaskScheduled, TaskStarted, TaskFailed

LOADS = {"1,000 at once": (1_000, 0), "25 a second for 10 minutes": (15_000, 600)}
QUOTAS, CONCURRENCIES = (5, 50), (10, 1_000)
CALLED = {"DetectLabels": "DetectLabels", "ModerateImage": "DetectModerationLabels", "AnalyzeFaces": "DetectFaces", "DetectText": "DetectText"}


class Retrier:
    """One entry of a state's Retry field."""

    def __init__(self, entry):
        self.names, self.attempts = entry["ErrorEquals"], entry["MaxAttempts"]
        self.interval, self.rate, self.most = entry["IntervalSeconds"], entry["BackoffRate"], entry["MaxDelaySeconds"]
        # The delays until MaxDelaySeconds limits them; computing a power for later retries would overflow.
        delays, delay = [], float(self.interval)
        while delay < self.most and len(delays) < 1_000:
            delays.append(delay)
            delay *= self.rate
        self.delays = delays

    def delay(self, retry, rng):
        """A random delay before a retry, in seconds; the first retry has the number 0."""
        most = self.delays[retry] if retry < len(self.delays) else self.most
        return rng.random() * most


class Sdk:
    """The SDK's standard retry mode."""

    def __init__(self, text):
        self.attempts = int(_constant(text, "MAX_ATTEMPTS"))
        self.initial, self.most = _seconds(text, "INITIAL_BACKOFF"), _seconds(text, "MAX_BACKOFF")

    def delay(self, retry, rng):
        """A random delay before a retry, in seconds; the first retry has the number 0."""
        return rng.random() * min(self.most, self.initial * 2**retry)


def _constant(text, name):
    found = re.search(rf"^const {name}: \w+ = (.+);$", text, re.MULTILINE)
    if not found:
        raise SystemExit(f"{CLIENTS} declares no constant {name}.")
    return found.group(1)


def _seconds(text, name):
    found = re.fullmatch(r"Duration::from_secs\((\d+)\)", _constant(text, name))
    if not found:
        raise SystemExit(f"{CLIENTS}: {name} must be Duration::from_secs(…).")
    return int(found.group(1))


def retriers_of(definition):
    """The retriers of all Tasks: {state: {error name: Retrier}}."""
    found = {}

    def visit(node):
        for name, state in node.get("States", {}).items():
            if state["Type"] == "Task":
                entries = [Retrier(entry) for entry in state["Retry"]]
                found[name] = {error: entry for entry in reversed(entries) for error in entry.names}
            for branch in state.get("Branches", []):
                visit(branch)

    visit(definition)
    return found


class Image:
    """An execution, with the number of open analyses and of retries so far."""

    __slots__ = ("open", "retries", "failed")

    def __init__(self):
        self.open, self.retries, self.failed = 2, 0, False


class Simulation:
    """A simulation of one load with one quota and one concurrency."""

    def __init__(self, images, over_seconds, quota, concurrency, retriers, sdk, seed=1):
        self.images, self.over, self.quota, self.concurrency = images, over_seconds, quota, concurrency
        self.retriers, self.sdk, self.rng = retriers, sdk, random.Random(seed)
        self.queue, self.count = [], 0
        self.busy = 0
        self.buckets = {operation: (float(quota), 0.0) for operation in CALLED.values()}
        self.failed, self.retries, self.wasted, self.ended = 0, 0, 0.0, 0.0
        self.calls = dict.fromkeys(CALLED.values(), 0)
        self.function_seconds = 0.0

    def run(self):
        """Runs the simulation to the end; returns itself."""
        for number in range(self.images):
            self.at(number * self.over / self.images, self.invoke, Image(), "InspectImage", {})
        while self.queue:
            now, _, action, arguments = heapq.heappop(self.queue)
            action(now, *arguments)
        return self

    def at(self, when, action, *arguments):
        self.count += 1
        heapq.heappush(self.queue, (when, self.count, action, arguments))

    def invoke(self, now, image, state, used):
        """Step Functions invokes the function of a state. `used` counts the retries of this state by retrier."""
        if image.failed:
            return
        if self.busy >= self.concurrency:
            self.retry(now, image, state, used, "Lambda.TooManyRequestsException")
            return
        self.busy += 1
        if state in CALLED:
            self.at(now + OTHER_SECONDS - CALL_SECONDS, self.call, image, state, used, now, 0)
        else:
            self.at(now + (INSPECT_SECONDS if state == "InspectImage" else OTHER_SECONDS), self.done, image, state, now)

    def call(self, now, image, state, used, since, attempt):
        """The function calls Rekognition."""
        operation = CALLED[state]
        tokens, then = self.buckets[operation]
        tokens = min(float(self.quota), tokens + (now - then) * self.quota)
        if tokens >= 1:
            self.buckets[operation] = (tokens - 1, now)
            self.at(now + CALL_SECONDS, self.done, image, state, since)
            return
        self.buckets[operation] = (tokens, now)
        if attempt + 1 < self.sdk.attempts:
            self.at(now + self.sdk.delay(attempt, self.rng), self.call, image, state, used, since, attempt + 1)
            return
        self.busy -= 1
        self.wasted += (now - since) * OTHER_GB * GB_SECOND + REQUEST
        self.retry(now, image, state, used, "Recognition.Throttled")

    def retry(self, now, image, state, used, error):
        retrier = self.retriers[state].get(error)
        before = used.get(retrier, 0)
        if retrier is None or before >= retrier.attempts or EVENTS_OF_A_RUN + EVENTS_OF_A_RETRY * image.retries > MOST_EVENTS:
            image.failed = True
            self.failed += 1
            return
        used[retrier] = before + 1
        image.retries += 1
        self.retries += 1
        self.wasted += TRANSITION
        self.at(now + retrier.delay(before, self.rng), self.invoke, image, state, used)

    def done(self, now, image, state, since):
        self.busy -= 1
        # Without the backoff, which counts as cost of waiting.
        plain = INSPECT_SECONDS if state == "InspectImage" else OTHER_SECONDS
        self.function_seconds += plain
        self.wasted += (now - since - plain) * OTHER_GB * GB_SECOND
        if state in CALLED:
            self.calls[CALLED[state]] += 1
        if image.failed:
            return
        if state == "StoreRecord":
            self.ended = max(self.ended, now)
            return
        following = []
        if state == "InspectImage":
            following = ["DetectLabels", "ModerateImage"]
        elif state == "DetectLabels":
            following = [name for name, share in (("AnalyzeFaces", PERSONS), ("DetectText", TEXTS)) if self.rng.random() < share]
        if state != "InspectImage":
            image.open += len(following) - 1
        if not image.open:
            following = ["StoreRecord"]
        for name in following:
            self.invoke(now, image, name, {})

    @property
    def least(self):
        """The shortest possible time for the load, in seconds."""
        one = INSPECT_SECONDS + 2 * OTHER_SECONDS + OTHER_SECONDS
        # The token bucket is full at the beginning.
        by_quota = max(max(0, calls - self.quota) for calls in self.calls.values()) / self.quota
        return max(self.over, by_quota, self.function_seconds / self.concurrency - one) + one

    def row(self):
        """Failed executions, seconds, shortest possible seconds, their ratio, retries per image, and the retries' share of an image's cost."""
        return self.failed, self.ended, self.least, self.ended / self.least, self.retries / self.images, max(0.0, self.wasted) / self.images / IMAGE


def scenarios():
    """All combinations of load, quota and concurrency: (name of the load, images, seconds, quota, concurrency)."""
    return [(name, *load, quota, concurrency) for name, load in LOADS.items() for quota in QUOTAS for concurrency in CONCURRENCIES]


def declared():
    """The retriers and the SDK settings that the repository declares."""
    return retriers_of(json.loads(DEFINITION.read_text("utf-8"))), Sdk(CLIENTS.read_text("utf-8"))


def table(seed):
    """The lines of the Markdown table."""
    retriers, sdk = declared()
    yield "| load | Rekognition calls a second | Lambda concurrency | failed | seconds to drain | least possible | ratio | retries an image | their cost, of the image's price |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, images, over, quota, concurrency in scenarios():
        yield line(name, quota, concurrency, Simulation(images, over, quota, concurrency, retriers, sdk, seed).run())


def line(name, quota, concurrency, run):
    """One row of the table."""
    failed, ended, least, ratio, retries, cost = run.row()
    return f"| {name} | {quota} | {concurrency:,} | {failed:,} | {ended:,.0f} | {least:,.0f} | {ratio:.2f} | {retries:.1f} | {cost:.1%} |"


def main():
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers (default: 1)")
    for line in table(parser.parse_args().seed):
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
