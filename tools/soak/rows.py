"""The two rows of the fault matrix that only a soak shows."""

import threading
import time
from pathlib import Path

import answers
import cloud
import figures

SHARE_OF_ERRORS = 0.01
# Of so many photos, one is uploaded once more, and the event of another one comes once more.
DUPLICATE_EVERY = 20
UPLOADS_AT_ONCE = 16
GLANCE = 2
# After the last execution: the event that it failed is on its way to the record.
LAST_EVENTS = 3
PATIENCE = 60 * 60


def row_35_many_uploads_against_a_server_that_throttles(rig, count, calls_a_second=50, models=False):
    """All at once: bounded by the client, as the emulator loses some of a thousand connections.

    Injected: 1,000 photos by `sightline upload` to a Rekognition that lets 50 calls a second in and answers 1 % of them with HTTP 500, the others as documented; one photo in 20 is put once more, the event of another one in 20 comes once more.
    Seen: after redrives and `sightline reconcile`, 1,000 records, each once and COMPLETED, each analysis paid for once; the printed figures are in docs/local.md.
    """
    photos = sorted(rig.photos(count).iterdir())
    cloud.recognition("PUT", "/admin/rate", {"perSecond": calls_a_second, "over": "all"})
    cloud.recognition("POST", "/admin/faults", {"operation": "*", "mode": "internal", "share": SHARE_OF_ERRORS})
    for fault in () if models else answers.faults():
        cloud.recognition("POST", "/admin/faults", fault)
    duplicates = Duplicates(rig)

    accepted = upload_all(rig, photos, duplicates.send)
    duplicates.wait()
    rounds = settle(rig, accepted)

    quota, (fault, *_) = cloud.recognition("GET", "/admin/rate"), cloud.recognition("GET", "/admin/faults")
    return judged(rig, accepted, {
        "duplicates sent": f"{duplicates.events} events, {duplicates.files} files",
        "injected": f"{quota['throttled']} calls beyond {calls_a_second} a second, {fault['hit']} errors 500 in {fault['matched']} calls",
        "rounds of redrives": rounds,
    })


def row_36_the_stack_is_stopped_and_started_in_the_middle(rig, count, stop):
    """Both ways: by `make down`, which saves, and by SIGKILL, which does not.

    Injected: both servers are stopped, or the emulator is killed, while of 100 photos some are completed, some at work and some not yet uploaded; `make up` starts them again, and what S3 had not accepted is uploaded.
    Seen: after `sightline reconcile` and redrives, 100 records, each once and COMPLETED; the printed figures are in docs/local.md.
    """
    photos = sorted(rig.photos(count).iterdir())
    first, second = photos[: count // 2], photos[count // 2 :]
    table = rig.outputs()["RecordsTableName"]
    accepted = upload_all(rig, first)
    while sum(figures.is_settled(record) for record in cloud.records(table)) < len(first) / 4:
        time.sleep(GLANCE / 10)

    uploading = Uploading(rig, second)
    uploading.wait_for(len(second) / 4)
    records = cloud.records(table)
    rig.say("stopping the stack")
    stop(rig)
    accepted |= uploading.end()
    rig.up()
    kept = cloud.records(table)
    at_stop = {
        "accepted": len(accepted),
        "completed": sum(figures.is_settled(record) for record in records),
        "records": len(records),
        "records after the start": len(kept),
    }
    rig.say(", ".join(f"{number} {what}" for what, number in at_stop.items()))

    accepted |= upload_all(rig, [path for path in second if path not in uploading.files])
    rounds = settle(rig, accepted)

    return judged(rig, accepted, {"at the stop": ", ".join(f"{number} {what}" for what, number in at_stop.items()), "rounds of redrives": rounds})


class Uploading:
    """An upload in the background."""

    def __init__(self, rig, paths):
        self.files = set()
        self._lines = []
        self._grown = threading.Condition()
        self._thread = threading.Thread(target=rig.upload, args=(paths, 2, self._add))
        self._thread.start()

    def _add(self, line):
        with self._grown:
            self._lines.append(line)
            self._grown.notify_all()

    def wait_for(self, count):
        """Until so many photos are accepted."""
        with self._grown:
            self._grown.wait_for(lambda: len(self._lines) >= count, PATIENCE)

    def end(self):
        """Waits for its end, however it ends; gives the ImageIDs of what was accepted."""
        self._thread.join()
        self.files = {Path(line["File"]) for line in self._lines}
        return {line["ImageID"] for line in self._lines}


class Duplicates:
    """Uploads and events that come once more, while the first ones are at work."""

    def __init__(self, rig):
        self.events = 0
        self.files = 0
        self._outputs = rig.outputs()
        self._threads = []
        self._seen = 0

    def send(self, line):
        """For some of the lines that the upload prints."""
        self._seen += 1
        if self._seen % DUPLICATE_EVERY in (1, DUPLICATE_EVERY // 2):
            which = self._event if self._seen % DUPLICATE_EVERY == 1 else self._file
            thread = threading.Thread(target=which, args=(line,))
            thread.start()
            self._threads.append(thread)

    def wait(self):
        """Until all are sent."""
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


def upload_all(rig, paths, each=lambda line: None):
    """Uploads until every file is accepted; gives the ImageIDs."""
    left, accepted = paths, {}
    while left:
        rig.say(f"uploading {len(left)} photos, {UPLOADS_AT_ONCE} at once")
        accepted.update(rig.upload(left, UPLOADS_AT_ONCE, each))
        left = [path for path in left if str(path) not in accepted]
    return {line["ImageID"] for line in accepted.values()}


def settle(rig, accepted):
    """Redrives and reconciles until every image has its final record, or time is up; gives how often that was needed."""
    outputs = rig.outputs()
    give_up, rounds = time.monotonic() + PATIENCE, 0
    while time.monotonic() < give_up:
        await_executions(rig, outputs["StateMachineArn"], give_up)
        time.sleep(LAST_EVENTS)
        records = cloud.records(outputs["RecordsTableName"])
        settled = {record["ImageID"] for record in records if figures.is_settled(record)}
        rig.say(f"{len(settled & accepted)} of {len(accepted)} settled, {len(records)} records")
        if accepted <= settled:
            break
        rounds += 1
        for arguments in (["reconcile", "--full", "--grace", "10s"], ["executions", "redrive", "--all-failed", "--or-restart", "--yes"]):
            code, said = rig.sightline(*arguments)
            rig.say(f"sightline {' '.join(arguments)}: exit code {code}" + (f": {said.strip().splitlines()[-1]}" if said.strip() and code not in (0, 3) else ""))
    return rounds


def await_executions(rig, machine, give_up):
    """Until none is at work."""
    shown = 0
    while (count := cloud.running(machine)) and time.monotonic() < give_up:
        if time.monotonic() - shown > 15:
            rig.say(f"{count} executions at work")
            shown = time.monotonic()
        time.sleep(GLANCE)


def judged(rig, accepted, more):
    """The figures, once all has settled."""
    calls, records = rig.calls_by_image(), cloud.records(rig.outputs()["RecordsTableName"])
    seconds = time.monotonic() - rig.started
    rig.used.note()
    return figures.of(accepted, records, calls, rig.used, seconds, more)
