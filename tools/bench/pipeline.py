"""Section `pipeline`: photos on a local stack of its own, with the real models: time, whose CPU time it is, states and calls."""

import contextlib
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import cloud
import config
import figures
import servers
from harness import PHOTOS, Harness, Usage
from spread import Spread

# Photos that are uploaded at once, and how many photos in all.
LOADS = [("one after the other", 1, 10), ("20 at once", 20, 20), ("100 at once", 100, 100)]
# The command's own limit. Uploads are short, so 100 executions run at once even so.
UPLOADS_AT_ONCE = 64
POLL_SECONDS = 0.5
RULES = config.ROOT / "crates" / "domain" / "src" / "rules" / "cost.rs"
SECONDS_MOST = 30 * 60


def measure(interpreter, say):
    """The figures of each load. The launcher's output goes to standard error."""
    with contextlib.redirect_stdout(sys.stderr), Harness("pipeline") as harness:
        photos = make_photos(interpreter, 1 + sum(count for _, _, count in LOADS))
        # The first photo starts the functions' processes and is not measured.
        load(harness, photos[:1], 1)
        start, runs, images = 1, [], []
        for name, at_once, count in LOADS:
            say(f"pipeline: {name}, {count} photos")
            found, records = load(harness, photos[start : start + count], at_once)
            runs.append({"name": name, "images": count, **found})
            images += [record["ImageID"] for record in records]
            start += count
        counts = Counter()
        for image, operations in harness.calls_by_image().items():
            if image in images:
                counts.update({operation: numbers["answered"] for operation, numbers in operations.items()})
        return {
            "runs": runs, "states": states(),
            "calls": {name: count / len(images) for name, count in sorted(counts.items())}, "calls_an_image": sum(counts.values()) / len(images),
        }


def states():
    """States that an image without an alert enters, from the rules of its cost: the local AWS records none inside a Parallel state."""
    return int(re.search(r"^const ANALYSED: u32 = (\d+);$", RULES.read_text("utf-8"), re.M).group(1))


def make_photos(interpreter, count):
    """Makes small photos that all differ; returns their paths."""
    folder = config.LOCAL / "photos"
    shutil.rmtree(folder, ignore_errors=True)
    program = Path(__file__).parent / "baseline" / "make_photos.py"
    subprocess.run([str(part) for part in [interpreter, program, "--vary", count, folder, *PHOTOS]], check=True)
    return sorted(folder.iterdir())


def load(harness, photos, at_once):
    """Uploads photos, and waits until all have an outcome; returns the figures and the records."""
    cpu_before, models_before, started = cpu_seconds(), models_seconds(), time.monotonic()
    groups = [[photo] for photo in photos] if at_once == 1 else [photos]
    records = []
    for group in groups:
        accepted = {line["ImageID"] for line in harness.upload(group, min(at_once, UPLOADS_AT_ONCE)).values()}
        if len(accepted) < len(group):
            raise config.StackError(f"Only {len(accepted)} of {len(group)} photos were accepted; the logs are in {config.LOGS}.")
        records += settled(harness, accepted)
    seconds = time.monotonic() - started
    used = {name: (now - cpu_before.get(name, 0)) / len(photos) for name, now in cpu_seconds().items()}
    latencies = [(record["FinishedAt"] - record["UploadTimestamp"]) / 1000 for record in records if "FinishedAt" in record]
    return {
        "seconds": seconds, "seconds_an_image": seconds / len(photos), "latency": Spread.of(latencies).as_json(), "cpu": used,
        "models_seconds": (models_seconds() - models_before) / len(photos),
    }, records


def settled(harness, accepted):
    """The records of images, when all have an outcome."""
    table, until = harness.outputs()["RecordsTableName"], time.monotonic() + SECONDS_MOST
    while time.monotonic() < until:
        records = [record for record in cloud.records(table) if record["ImageID"] in accepted]
        if len(records) == len(accepted) and all(map(figures.is_settled, records)):
            return records
        time.sleep(POLL_SECONDS)
    raise config.StackError(f"Not all of {len(accepted)} images have an outcome after {SECONDS_MOST} s; the logs are in {config.LOGS}.")


def cpu_seconds():
    """CPU seconds so far of the servers, and of the functions that the local AWS has started."""
    usage = Usage()
    usage.follow(servers.aws(), servers.rekognition())
    usage.add_run()
    return usage.seconds


def models_seconds():
    """Seconds so far of all calls of the local Rekognition, waiting in its queue included, from its log."""
    lines = (config.LOGS / "local-rekognition.log").read_text("utf-8", "replace").splitlines()
    return sum(json.loads(line).get("ms", 0) for line in lines if line.startswith("{") and '"message":"call"' in line) / 1000
