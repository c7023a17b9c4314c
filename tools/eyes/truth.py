"""What is in the photos: reads and checks truth.json."""

import json
from dataclasses import dataclass
from pathlib import Path

FILE = "truth.json"
FIELDS = {"file", "labels", "faces", "text", "harmless"}
MAX_BYTES = 5 * 1024 * 1024


class BadTruth(Exception):
    """A mistake in the folder or in truth.json, as one sentence for the user."""


@dataclass(frozen=True)
class Photo:
    """The truth about one photo; None means that nobody looked for it."""

    file: str
    labels: frozenset | None = None
    # The number of faces, or a list of boxes in pixels.
    faces: int | list | None = None
    text: str | None = None
    harmless: bool | None = None


@dataclass(frozen=True)
class Truth:
    """The truth about all photos of a folder."""

    folder: Path
    # The labels that were looked for in every photo.
    labels: frozenset
    photos: list


def read(folder):
    """Reads and checks the truth about a folder. Raises BadTruth."""
    if not folder.is_dir():
        raise BadTruth(f"{folder} is not a folder.")
    path = folder / FILE
    try:
        content = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadTruth(f"{path} is missing: `python3 tools/eyes --help` shows what it holds.") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadTruth(f"{path} is not valid JSON: {error}.") from None
    if not isinstance(content, dict) or not isinstance(content.get("photos"), list) or not content["photos"]:
        raise BadTruth(f'{path} must hold an object with a list "photos" that is not empty.')
    labels = _names(content.get("labels", []), f'{path}: "labels"')
    photos = [_photo(entry, number, folder, labels) for number, entry in enumerate(content["photos"], 1)]
    files = [photo.file for photo in photos]
    if repeated := {file for file in files if files.count(file) > 1}:
        raise BadTruth(f"{path} lists {min(repeated)} twice.")
    return Truth(folder, labels, photos)


def _photo(entry, number, folder, labels):
    where = f"{folder / FILE}: photo {number}"
    if not isinstance(entry, dict) or not isinstance(entry.get("file"), str):
        raise BadTruth(f'{where} has no "file".')
    where = f"{folder / FILE}: {entry['file']}"
    if unknown := set(entry) - FIELDS:
        raise BadTruth(f"{where} has the unknown field {min(unknown)!r}; known are {', '.join(sorted(FIELDS))}.")
    _check_file(folder / entry["file"])
    found = _names(entry["labels"], f'{where}: "labels"') if "labels" in entry else None
    if found and (unlisted := found - labels):
        raise BadTruth(f'{where} has the label {min(unlisted)!r}, which the list "labels" at the top does not name.')
    for field, kind in (("text", str), ("harmless", bool)):
        if not isinstance(entry.get(field), (kind, type(None))):
            raise BadTruth(f'{where}: "{field}" must be {"a text" if kind is str else "true or false"}.')
    return Photo(entry["file"], found, _faces(entry.get("faces"), where), entry.get("text"), entry.get("harmless"))


def _check_file(path):
    if not path.is_file():
        raise BadTruth(f"{path} does not exist, but {FILE} lists it.")
    with path.open("rb") as file:
        start = file.read(8)
    if not start.startswith((b"\xff\xd8", b"\x89PNG\r\n\x1a\n")):
        raise BadTruth(f"{path} is neither a JPEG nor a PNG.")
    if path.stat().st_size > MAX_BYTES:
        raise BadTruth(f"{path} is larger than 5 MB, the limit of an inline image.")


def _names(value, where):
    if not isinstance(value, list) or not all(isinstance(name, str) and name for name in value):
        raise BadTruth(f"{where} must be a list of names.")
    return frozenset(value)


def _faces(value, where):
    is_number = lambda part: isinstance(part, (int, float)) and not isinstance(part, bool) and part >= 0
    is_box = lambda box: isinstance(box, list) and len(box) == 4 and all(map(is_number, box)) and box[2] > 0 and box[3] > 0
    if value is None or (isinstance(value, int) and is_number(value)) or (isinstance(value, list) and all(map(is_box, value))):
        return value
    raise BadTruth(f'{where}: "faces" must be a number or a list of boxes [left, top, width, height] in pixels.')
