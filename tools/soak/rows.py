"""The two rows of the fault matrix that only the soak test shows."""

import json
import threading
import time
from pathlib import Path

import cloud
import figures

SHARE_OF_ERRORS = 0.01
# Of this number of photos, one is uploaded again, and the event of another one is sent again.
DUPLICATE_EVERY = 20
UPLOADS_AT_ONCE = 16
# Seconds between two looks at the executions.
POLL_INTERVAL = 2
# Seconds that the failure event of the last execution may need to reach the record.
EVENT_DELAY = 3
TIMEOUT = 60 * 60
AREA = {"Left": 0.25, "Top": 0.25, "Width": 0.5, "Height": 0.5}
# The share of images with a person and text.
WITH_PERSON = 0.3


def row_35_many_uploads_against_a_server_that_throttles(harness, count, calls_a_second=50, models=False):
    """The client limits the concurrency of the uploads, because the emulator loses some of 1,000 concurrent connections.

    Injected: `sightline upload` uploads 1,000 photos; Rekognition allows 50 calls a second, and answers 1 % of them with HTTP 500, the others as documented; one photo in 20 is uploaded again, the event of another one in 20 is sent again.
    Seen: after redrives and `sightline reconcile`, 1,000 COMPLETED records, one per image, and each analysis paid once; docs/local.md has the figures.
    """
    photos = sorted(harness.photos(count).iterdir())
    cloud.recognition("PUT", "/admin/rate", {"perSecond": calls_a_second, "over": "all"})
    cloud.recognition("POST", "/admin/faults", {"operation": "*", "mode": "internal", "share": SHARE_OF_ERRORS})
    for fault in () if models else answer_plans():
        cloud.recognition("POST", "/admin/faults", fault)
    duplicates = Duplicates(harness)

    accepted = upload_all(harness, photos, duplicates.send)
    duplicates.wait()
    rounds = settle(harness, accepted)

    quota, (fault, *_) = cloud.recognition("GET", "/admin/rate"), cloud.recognition("GET", "/admin/faults")
    return results(harness, accepted, {
        "duplicates sent": f"{duplicates.events} events, {duplicates.files} files",
        "injected": f"{quota['throttled']} calls beyond {calls_a_second} a second, {fault['hit']} errors 500 in {fault['matched']} calls",
        "rounds of redrives": rounds,
    })


def row_36_the_stack_is_stopped_and_started_in_the_middle(harness, count, stop):
    """`stop` is either `make down`, which saves the state, or SIGKILL, which does not.

    Injected: both servers are stopped, or the emulator is killed, while some of 100 photos are completed, some are being analysed and some are not yet uploaded; `make up` starts the servers again, and the rest is uploaded.
    Seen: after `sightline reconcile` and redrives, 100 COMPLETED records, one per image; docs/local.md has the figures.
    """
    photos = sorted(harness.photos(count).iterdir())
    first, second = photos[: count // 2], photos[count // 2 :]
    table = harness.outputs()["RecordsTableName"]
    accepted = upload_all(harness, first)
    while sum(figures.is_settled(record) for record in cloud.records(table)) < len(first) / 4:
        time.sleep(POLL_INTERVAL / 10)

    uploading = Uploading(harness, second)
    uploading.wait_for(len(second) / 4)
    records = cloud.records(table)
    harness.say("stopping the stack")
    stop(harness)
    accepted |= uploading.end()
    harness.up()
    kept = cloud.records(table)
    at_stop = {
        "accepted": len(accepted),
        "completed": sum(figures.is_settled(record) for record in records),
        "records": len(records),
        "records after the start": len(kept),
    }
    harness.say(", ".join(f"{number} {what}" for what, number in at_stop.items()))

    accepted |= upload_all(harness, [path for path in second if path not in uploading.files])
    rounds = settle(harness, accepted)

    return results(harness, accepted, {"at the stop": ", ".join(f"{number} {what}" for what, number in at_stop.items()), "rounds of redrives": rounds})


class Uploading:
    """An upload in the background."""

    def __init__(self, harness, paths):
        self.files = set()
        self._lines = []
        self._grown = threading.Condition()
        self._thread = threading.Thread(target=harness.upload, args=(paths, 2, self._add))
        self._thread.start()

    def _add(self, line):
        with self._grown:
            self._lines.append(line)
            self._grown.notify_all()

    def wait_for(self, count):
        """Waits until this number of photos is accepted."""
        with self._grown:
            self._grown.wait_for(lambda: len(self._lines) >= count, TIMEOUT)

    def end(self):
        """Waits for the end of the upload; returns the ImageIDs of the accepted photos."""
        self._thread.join()
        self.files = {Path(line["File"]) for line in self._lines}
        return {line["ImageID"] for line in self._lines}


class Duplicates:
    """Repeats some uploads and events while the first ones are being analysed."""

    def __init__(self, harness):
        self.events = 0
        self.files = 0
        self._outputs = harness.outputs()
        self._threads = []
        self._seen = 0

    def send(self, line):
        """Called with each line of the upload; repeats one upload and one event of 20."""
        self._seen += 1
        if self._seen % DUPLICATE_EVERY in (1, DUPLICATE_EVERY // 2):
            which = self._event if self._seen % DUPLICATE_EVERY == 1 else self._file
            thread = threading.Thread(target=which, args=(line,))
            thread.start()
            self._threads.append(thread)

    def wait(self):
        """Waits until all are sent."""
        for thread in self._threads:
            thread.join()

    def _event(self, line):
        bucket, size = self._outputs["ImagesBucketName"], Path(line["File"]).stat().st_size
        event = cloud.event(bucket, line["Key"], size, cloud.etag(bucket, line["Key"]))
        cloud.start(self._outputs["LiveStateMachineArn"], event)
        self.events += 1

    def _file(self, line):
        cloud.put(self._outputs["ImagesBucketName"], line["Key"], Path(line["File"]).read_bytes())
        self.files += 1


def upload_all(harness, paths, each=lambda line: None):
    """Uploads until every file is accepted; returns the ImageIDs."""
    left, accepted = paths, {}
    while left:
        harness.say(f"uploading {len(left)} photos, {UPLOADS_AT_ONCE} at once")
        accepted.update(harness.upload(left, UPLOADS_AT_ONCE, each))
        left = [path for path in left if str(path) not in accepted]
    return {line["ImageID"] for line in accepted.values()}


def settle(harness, accepted):
    """Reconciles and redrives until every image has a settled record, or the time is up; returns the number of rounds."""
    outputs = harness.outputs()
    deadline, rounds = time.monotonic() + TIMEOUT, 0
    while time.monotonic() < deadline:
        wait_for_executions(harness, outputs["StateMachineArn"], deadline)
        time.sleep(EVENT_DELAY)
        records = cloud.records(outputs["RecordsTableName"])
        settled = {record["ImageID"] for record in records if figures.is_settled(record)}
        harness.say(f"{len(settled & accepted)} of {len(accepted)} settled, {len(records)} records")
        if accepted <= settled:
            break
        rounds += 1
        for arguments in (["reconcile", "--full", "--grace", "10s"], ["executions", "redrive", "--all-failed", "--or-restart", "--yes"]):
            code, output = harness.sightline(*arguments)
            harness.say(f"sightline {' '.join(arguments)}: exit code {code}" + (f": {output.strip().splitlines()[-1]}" if output.strip() and code not in (0, 3) else ""))
    return rounds


def wait_for_executions(harness, machine, deadline):
    """Waits until no execution is running."""
    shown = 0
    while (count := cloud.running(machine)) and time.monotonic() < deadline:
        if time.monotonic() - shown > 15:
            harness.say(f"{count} running executions")
            shown = time.monotonic()
        time.sleep(POLL_INTERVAL)


def results(harness, accepted, more):
    """The figures after all images have settled."""
    calls, records = harness.calls_by_image(), cloud.records(harness.outputs()["RecordsTableName"])
    seconds = time.monotonic() - harness.started
    harness.usage.add_run()
    return figures.of(accepted, records, calls, harness.usage, seconds, more)


def _label(name, *parents):
    return {"Name": name, "Confidence": 98.7, "Instances": [], "Parents": [{"Name": parent} for parent in parents]}


def _labels(*labels):
    return {"Labels": labels, "LabelModelVersion": "3.0"}


ANSWERS = [
    ("DetectLabels", WITH_PERSON, _labels(_label("Person"), _label("Text"), _label("Street"))),
    ("DetectLabels", None, _labels(_label("Cup"), _label("Coffee", "Beverage"), _label("Beverage"))),
    ("DetectModerationLabels", None, {"ModerationLabels": [], "ModerationModelVersion": "7.0"}),
    ("DetectFaces", None, {"FaceDetails": [{"BoundingBox": AREA, "Confidence": 99.2}]}),
    ("DetectText", None, {"TextDetections": [{"DetectedText": "EXIT", "Type": "LINE", "Id": 0, "Confidence": 97.1, "Geometry": {"BoundingBox": AREA}}], "TextModelVersion": "3.0"}),
]


def answer_plans():
    """Fault plans that make the local Rekognition answer at once, so that its quota limits the throughput and not the models."""
    for operation, share, body in ANSWERS:
        yield {"operation": operation, "mode": "answer", "body": json.dumps(body), **({"share": share} if share else {})}
