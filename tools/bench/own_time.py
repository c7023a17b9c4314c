"""Section `own-time`: an image from its inspection to its record, with two analyses in parallel, over the constant services.

The functions are called as the state machine calls them: inspect-image, then detect-labels and moderate-image at the same time, then
store-record. Step Functions itself is not part of it. All functions are warm.
"""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import functions
import images
from spread import Spread

STEPS = [["inspect-image"], ["detect-labels", "moderate-image"], ["store-record"]]
FUNCTIONS = [name for step in STEPS for name in step]
PHOTOS = [1, 12]
TIMES = 15
# The budget: twice the time of the services, and this many milliseconds.
BUDGET_FACTOR, BUDGET_MILLIS = 2, 20


def measure(programs, interpreter, constant, say):
    """The figures by megapixels of the photo, over HTTPS."""
    photos = images.make_photos(interpreter)
    found = []
    with ExitStack() as stack:
        running = {name: stack.enter_context(functions.rust(name, programs, constant, "https")) for name in FUNCTIONS}
        threads = stack.enter_context(ThreadPoolExecutor(max(map(len, STEPS))))
        for size in PHOTOS:
            say(f"own time: {size} megapixels")
            path = photos[size, "jpg"]
            constant.upload(path)
            run(running, threads, constant, path)
            found.append({"megapixels": size, **summary([run(running, threads, constant, path) for _ in range(TIMES)])})
    return found


def run(running, threads, constant, path):
    """One image: milliseconds of each step and of the services on its longest path, and the calls."""
    steps, calls = {}, Counter()
    for step in STEPS:
        constant.take()
        events = [images.inspect_event(path) if name == "inspect-image" else functions.event(name) for name in step]
        answers = list(threads.map(lambda name, event: running[name].invoke(event), step, events))
        taken = constant.take()
        calls.update(call["call"].partition(":")[0] for call in taken)
        # Functions of a step run at the same time and make the same calls, so each waits for its part of them.
        services = 1000 * sum(call["seconds"] for call in taken) / len(step)
        steps[" and ".join(step)] = {"total": 1000 * max(seconds for _, _, seconds in answers), "services": services}
    return {"steps": steps, "calls": dict(calls)}


def summary(runs):
    """The figures of the whole image and of its part after the inspection, whose time depends on the photo."""
    names = list(runs[0]["steps"])
    return {
        "calls": runs[0]["calls"], "steps": {name: Spread.of([run["steps"][name]["total"] for run in runs]).as_json() for name in names},
        "whole": part(runs, names), "after_inspection": part(runs, names[1:]),
    }


def part(runs, names):
    """Spreads over runs of some steps, and whether the medians keep the budget."""
    total, services = (Spread.of([sum(run["steps"][name][kind] for name in names) for run in runs]) for kind in ("total", "services"))
    budget = BUDGET_FACTOR * services.median + BUDGET_MILLIS
    return {"total": total.as_json(), "services": services.as_json(), "own": total.median - services.median, "budget": budget, "kept": total.median <= budget}
