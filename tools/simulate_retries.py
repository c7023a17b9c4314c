#!/usr/bin/env python3
"""Simulates how uploads wait for the quotas of Rekognition and Lambda, by the retries that the code declares.

It reads the Retry fields of statemachine/image-analysis.asl.json and the SDK's retry constants in crates/aws/src/clients.rs; it
holds no copy of them. For each load, Rekognition quota and Lambda concurrency it prints how many executions fail, when the last one
ends compared with the least time that the quotas allow, how many retries of states an image needs and what they cost.

Assumptions:
- Rekognition has a token bucket for each operation, which holds the calls of one second. A throttled call is free. The quota of
  DetectFaces is the same as that of the other operations (on AWS it is higher).
- Lambda runs at most the given number of functions at once; more are refused at once as Lambda.TooManyRequestsException, which costs a
  transition. Lambda's scaling rate (1,000 a function each 10 seconds) is never the limit at 1,000.
- A function that waits in the SDK's own backoff holds its place in Lambda's concurrency and is billed.
- Every image is asked for labels and moderation, PERSONS of them for faces, TEXTS for text. A call takes CALL_SECONDS, and a function
  INSPECT_SECONDS or OTHER_SECONDS in all, as in docs/cost.md.
- Step Functions waits a uniformly random time from 0 to min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** n), which is what
  JitterStrategy FULL means. The quotas of Step Functions itself delay starts, never fail them, and are left out.
- The least time is the largest of: each operation's calls at its quota, all functions' time at Lambda's concurrency, and the time until the last
  upload arrives; and one image's own time after that. No order of work is faster.
- An execution fails where a retrier is used up, and where its history would exceed 25,000 events.
Prices are those of docs/cost.md.
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
    """One entry of a state's Retry."""

    def __init__(self, entry):
        self.names, self.attempts = entry["ErrorEquals"], entry["MaxAttempts"]
        self.interval, self.rate, self.most = entry["IntervalSeconds"], entry["BackoffRate"], entry["MaxDelaySeconds"]
        # How often the delay grows before MaxDelaySeconds bounds it; the power overflows long after.
        delays, delay = [], float(self.interval)
        while delay < self.most and len(delays) < 1_000:
            delays.append(delay)
            delay *= self.rate
        self.delays = delays

    def delay(self, retry, rng):
        """Seconds before the retry of this number, from 0 on."""
        most = self.delays[retry] if retry < len(self.delays) else self.most
        return rng.random() * most


class Sdk:
    """The SDK's standard retries: attempts, and seconds between them."""

    def __init__(self, text):
        self.attempts = int(_constant(text, "MAX_ATTEMPTS"))
        self.initial, self.most = _seconds(text, "INITIAL_BACKOFF"), _seconds(text, "MAX_BACKOFF")

    def delay(self, retry, rng):
        """Seconds before the retry of this number, from 0 on."""
        return rng.random() * min(self.most, self.initial * 2**retry)


def _constant(text, name):
    found = re.search(rf"^const {name}: \w+ = (.+);$", text, re.MULTILINE)
    if not found:
        raise SystemExit(f"{CLIENTS} declares no constant {name}.")
    return found.group(1)


def _seconds(text, name):
    found = re.fullmatch(r"Duration::from_secs\((\d+)\)", _constant(text, name))
    if not found:
        raise SystemExit(f"{CLIENTS}: {name} is not a number of seconds.")
    return int(found.group(1))


def retriers_of(definition):
    """The retriers of each Task: {state: {error name: Retrier}}."""
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
    """An execution: how many analyses are open, and how many retries it has made."""

    __slots__ = ("open", "retries", "failed")

    def __init__(self):
        self.open, self.retries, self.failed = 2, 0, False


class Simulation:
    """One load at one quota and one concurrency."""

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
        """Runs to the end; gives itself."""
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
        """Step Functions calls the state's function. `used`: retries of this state so far, by retrier."""
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
        # Not the backoff within: it is counted as the cost of waiting.
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
        """Seconds that the load needs at least."""
        one = INSPECT_SECONDS + 2 * OTHER_SECONDS + OTHER_SECONDS
        # The bucket is full at the beginning.
        by_quota = max(max(0, calls - self.quota) for calls in self.calls.values()) / self.quota
        return max(self.over, by_quota, self.function_seconds / self.concurrency - one) + one

    def row(self):
        """Failed, seconds, least, ratio, retries an image, their cost as a share of the image's price."""
        return self.failed, self.ended, self.least, self.ended / self.least, self.retries / self.images, max(0.0, self.wasted) / self.images / IMAGE


def scenarios():
    """Every load at every quota and concurrency: (name of the load, images, seconds, quota, concurrency)."""
    return [(name, *load, quota, concurrency) for name, load in LOADS.items() for quota in QUOTAS for concurrency in CONCURRENCIES]


def declared():
    """The retriers and the SDK's settings, as the repository declares them."""
    return retriers_of(json.loads(DEFINITION.read_text("utf-8"))), Sdk(CLIENTS.read_text("utf-8"))


def table(seed):
    """Markdown."""
    retriers, sdk = declared()
    yield "| load | Rekognition calls a second | Lambda concurrency | failed | seconds to drain | least possible | ratio | retries an image | their cost, of the image's price |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for name, images, over, quota, concurrency in scenarios():
        yield line(name, quota, concurrency, Simulation(images, over, quota, concurrency, retriers, sdk, seed).run())


def line(name, quota, concurrency, run):
    """A row of the table."""
    failed, ended, least, ratio, retries, cost = run.row()
    return f"| {name} | {quota} | {concurrency:,} | {failed:,} | {ended:,.0f} | {least:,.0f} | {ratio:.2f} | {retries:.1f} | {cost:.1%} |"


def main():
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default: 1)")
    for line in table(parser.parse_args().seed):
        print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
