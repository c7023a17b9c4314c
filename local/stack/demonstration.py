"""Photos through the pipeline, and what to try next."""

import subprocess
import sys
from pathlib import Path

import environment
import places
from errors import StackError

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
PARTLY_DONE = 3

NEXT = {
    'eval "$(make -s env)"': "points this shell at the stack",
    "{sightline} show IMAGE_ID": "one whole record",
    "{sightline} find cup": "every photo with a cup",
    "{sightline} executions list": "what the state machine did",
    "make demo PHOTOS=some/folder": "your own photos",
    "make down": "stops the stack",
}


def photos(folder):
    """The files of the folder: all of them, since what is no photo shall be seen to be rejected; by default the samples."""
    if not folder:
        return sorted(path for path in places.SAMPLES.iterdir() if path.suffix in PHOTO_SUFFIXES)
    try:
        found = sorted(path for path in Path(folder).resolve().iterdir() if path.is_file() and not path.name.startswith("."))
    except OSError as error:
        raise StackError(f"PHOTOS must be a folder of photos, but {folder}: {error.strerror}.") from None
    if not found:
        raise StackError(f"PHOTOS must be a folder of photos, but {folder} holds no file.")
    return found


def show(files, own):
    """Uploads the files, waits for their records, and says what to try next."""
    sightline = places.built("sightline")
    code = subprocess.run([sightline, "upload", "--wait", *map(_as_typed, files)], env=environment.client()).returncode
    if code == PARTLY_DONE and not own:
        print("\n(cut-off.jpg is there to be rejected.)", file=sys.stderr)
    elif code not in (0, PARTLY_DONE):
        raise StackError(f"`sightline upload` ended with code {code}; the servers' output is in {places.LOGS}.")
    print("\nThe stack is still running. Try:\n", file=sys.stderr)
    for command, effect in NEXT.items():
        print(f"    {command.format(sightline=_as_typed(sightline)):<40}  # {effect}", file=sys.stderr)
    return 0


def _as_typed(path):
    """As short as one would type it here."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
