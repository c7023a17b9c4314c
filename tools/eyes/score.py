"""Compares Rekognition's answers with the truth."""

import struct
from collections import Counter
from dataclasses import dataclass, field

# Boxes that overlap at least this much (intersection over union) are the same face.
SAME_FACE = 0.4
# What a record keeps, and what the choice of DetectText and a moderation policy look at.
STORED = 80
GATE = 50
FLAG = 50


@dataclass
class Hits:
    """Right, wrong and missed findings."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def precision(self):
        """The right share of the findings; None without findings."""
        return _ratio(self.right, self.right + self.wrong)

    def recall(self):
        """The found share of what is there; None if nothing is."""
        return _ratio(self.right, self.right + self.missed)

    def f1(self):
        """The harmonic mean of precision and recall; None if nothing is there and nothing was found."""
        return _ratio(2 * self.right, 2 * self.right + self.wrong + self.missed)


@dataclass
class Scores:
    """All figures except times and memory."""

    labels: dict = field(default_factory=lambda: {55: Hits(), STORED: Hits()})
    # Per lower end of a bin of ten: findings, and how many of them are right.
    label_bins: Counter = field(default_factory=Counter)
    label_bins_right: Counter = field(default_factory=Counter)
    faces: dict = field(default_factory=lambda: {0: Hits(), STORED: Hits()})
    face_bins: Counter = field(default_factory=Counter)
    face_bins_right: Counter = field(default_factory=Counter)
    with_text: int = 0
    text_skipped: int = 0
    without_text: int = 0
    text_needless: int = 0
    text_errors: int = 0
    text_characters: int = 0
    harmless: int = 0
    flagged: list = field(default_factory=list)


def of(truth, answers):
    """The scores. `answers` has the answers of the four operations per file."""
    scores = Scores()
    for photo in truth.photos:
        answer = answers[photo.file]
        if photo.labels is not None:
            _add_labels(scores, photo.labels, truth.labels, answer["DetectLabels"]["Labels"])
        if photo.faces is not None:
            size = dimensions((truth.folder / photo.file).read_bytes()) if isinstance(photo.faces, list) else None
            _add_faces(scores, photo.faces, answer["DetectFaces"]["FaceDetails"], size)
        if photo.text is not None:
            _add_text(scores, photo.text, answer)
        if photo.harmless:
            scores.harmless += 1
            if any(label["Confidence"] >= FLAG for label in answer["DetectModerationLabels"]["ModerationLabels"]):
                scores.flagged.append(photo.file)
    return scores


def _add_labels(scores, present, judged, found):
    confidence = {label["Name"]: label["Confidence"] for label in found if label["Name"] in judged}
    for threshold, hits in scores.labels.items():
        reported = {name for name, value in confidence.items() if value >= threshold}
        _count(hits, len(reported & present), len(reported - present), len(present - reported))
    for name, value in confidence.items():
        scores.label_bins[_bin(value)] += 1
        scores.label_bins_right[_bin(value)] += name in present


def _add_faces(scores, faces, found, size):
    found = sorted(found, key=lambda face: -face["Confidence"])
    right = _match(faces, found, size) if isinstance(faces, list) else [index < faces for index in range(len(found))]
    total = len(faces) if isinstance(faces, list) else faces
    for threshold, hits in scores.faces.items():
        kept = [is_right for face, is_right in zip(found, right) if face["Confidence"] >= threshold]
        _count(hits, sum(kept), len(kept) - sum(kept), total - sum(kept))
    for face, is_right in zip(found, right):
        scores.face_bins[_bin(face["Confidence"])] += 1
        scores.face_bins_right[_bin(face["Confidence"])] += is_right


def _match(boxes, found, size):
    """Whether each found face is one of the boxes; every box is matched once."""
    open_boxes, right = list(boxes), []
    for face in found:
        box = face["BoundingBox"]
        own = [box["Left"] * size[0], box["Top"] * size[1], box["Width"] * size[0], box["Height"] * size[1]]
        best = max(open_boxes, key=lambda other: overlap(own, other), default=None)
        is_right = best is not None and overlap(own, best) >= SAME_FACE
        if is_right:
            open_boxes.remove(best)
        right.append(is_right)
    return right


def _add_text(scores, text, answer):
    is_text = lambda label: label["Name"] == "Text" or {"Name": "Text and Documents"} in label["Categories"]
    is_noticed = any(label["Confidence"] >= GATE and is_text(label) for label in answer["DetectLabels"]["Labels"])
    if not text.strip():
        scores.without_text += 1
        scores.text_needless += is_noticed
        return
    scores.with_text += 1
    scores.text_skipped += not is_noticed
    lines = [item["DetectedText"] for item in answer["DetectText"]["TextDetections"] if item["Type"] == "LINE"]
    wanted = " ".join(text.split())
    scores.text_errors += distance(" ".join(" ".join(lines).split()), wanted)
    scores.text_characters += len(wanted)


def overlap(a, b):
    """Intersection over union of two boxes: left, top, width, height."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(width, 0) * max(height, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def distance(a, b):
    """The number of characters to insert, remove or replace to turn one text into the other."""
    row = list(range(len(b) + 1))
    for i, one in enumerate(a, 1):
        previous, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (one != other))
    return row[-1]


def dimensions(data):
    """Width and height of a PNG or of an upright JPEG, in pixels. A JPEG that EXIF turns by a quarter turn has them exchanged."""
    if data.startswith(b"\x89PNG"):
        return struct.unpack(">II", data[16:24])
    at, turned = 2, False
    while True:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker == 0xE1 and data[at + 4 : at + 10] == b"Exif\0\0":
            turned = _orientation(data[at + 10 : at + 2 + length]) >= 5
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return (height, width) if turned else (width, height)
        at += 2 + length


def _orientation(tiff):
    order = "big" if tiff[:2] == b"MM" else "little"
    number = lambda at, size: int.from_bytes(tiff[at : at + size], order)
    directory = number(4, 4)
    entries = (directory + 2 + 12 * index for index in range(number(directory, 2)))
    return next((number(entry + 8, 2) for entry in entries if number(entry, 2) == 0x112), 1)


def _count(hits, right, wrong, missed):
    hits.right, hits.wrong, hits.missed = hits.right + right, hits.wrong + wrong, hits.missed + missed


def _bin(confidence):
    return min(int(confidence // 10) * 10, 90)


def _ratio(part, whole):
    return part / whole if whole else None
