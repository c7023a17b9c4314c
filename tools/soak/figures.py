"""The results of the soak test."""

from collections import Counter
from dataclasses import dataclass, field

# Rekognition operation → the analysis in the record.
ANALYSES = {"DetectLabels": "Labels", "DetectModerationLabels": "Moderation", "DetectFaces": "Faces", "DetectText": "Text"}


@dataclass
class Figures:
    """Counts of images and calls, and the resources that were used."""

    accepted: int
    completed: int
    failed: int
    waiting: int
    unfinished: int
    lost: int
    duplicated: int
    paid: int
    needed: int
    paid_twice: int
    calls: Counter
    usage: object
    seconds: float
    more: dict = field(default_factory=dict)

    def passed(self):
        """Whether no image is lost, duplicated or unfinished."""
        return self.lost == 0 and self.duplicated == 0 and self.unfinished == 0


def is_settled(record):
    """Whether the record is final, or waits for a review."""
    return record["ProcessingStatus"] == "COMPLETED" or record.get("ReviewStatus") == "PENDING" or is_rejected(record)


def is_rejected(record):
    """Whether the record is FAILED with a reason code of rejected images. Errors that a redrive may resolve have a dot in their name."""
    return record["ProcessingStatus"] == "FAILED" and "." not in record.get("StatusReason", ".")


def of(accepted, records, calls, usage, seconds, more):
    """Computes the figures from the accepted ImageIDs, the items of the records table, and the calls by image and operation."""
    items = Counter(record["ImageID"] for record in records)
    mine = [record for record in records if record["ImageID"] in accepted]
    total, paid, needed, paid_twice = Counter(), 0, 0, 0
    for image, operations in calls.items():
        for counts in operations.values():
            total.update(counts)
            paid += counts["answered"]
            paid_twice += max(0, counts["answered"] - 1)
    for record in records:
        needed += sum(record.get("Analyses", {}).get(analysis, {}).get("Status") == "DONE" for analysis in ANALYSES.values())
    return Figures(
        accepted=len(accepted),
        completed=sum(record["ProcessingStatus"] == "COMPLETED" for record in mine),
        failed=sum(is_rejected(record) for record in mine),
        waiting=sum(record["ProcessingStatus"] == "PENDING" and record.get("ReviewStatus") == "PENDING" for record in mine),
        unfinished=sum(not is_settled(record) for record in mine),
        lost=len(accepted.difference(items)),
        # Images with more than one item, and items of images that were not uploaded.
        duplicated=sum(items.values()) - len(items) + len(set(items).difference(accepted)),
        paid=paid, needed=needed, paid_twice=paid_twice, calls=total, usage=usage, seconds=seconds, more=more,
    )


def text(name, found):
    """The figures as text."""
    lines = {
        "accepted": found.accepted,
        "completed": found.completed,
        "failed": f"{found.failed} rejected, {found.unfinished} unfinished, {found.waiting} waiting for review",
        "lost": found.lost,
        "duplicated": found.duplicated,
        "paid calls": f"{found.paid}, needed {found.needed}, paid twice {found.paid_twice}",
        **found.more,
        "calls that failed": f"{found.calls['throttled']} throttled, {found.calls['failed']} failed, {found.calls['refused']} refused",
        "seconds": f"{found.seconds:.0f}",
        "processor seconds": ", ".join(f"{server} {seconds:.0f}" for server, seconds in found.usage.seconds.items()),
        "peak memory": ", ".join(f"{server} {megabytes:.0f} MB" for server, megabytes in found.usage.peak_megabytes.items()),
    }
    return f"\n── {name}\n" + "\n".join(f"{title:<18} {value}" for title, value in lines.items()) + "\n"
