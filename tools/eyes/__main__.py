#!/usr/bin/env python3
"""Measures the local models on a folder of photos with known content, and prints a table.

FOLDER holds JPEG or PNG files of at most 5 MB and a file truth.json:

    {
      "labels": ["Person", "Dog", "Bicycle"],
      "photos": [
        {"file": "a.jpg", "labels": ["Person", "Dog"], "faces": 1, "harmless": true},
        {"file": "b.png", "labels": [], "text": "NO ENTRY", "faces": [[120, 80, 40, 52]]}
      ]
    }

The list of labels at the top names those that were looked for in every photo; other labels that the models report are not counted. Of a photo,
every field except `file` may be absent, which means that nobody looked for it. `labels` names what is in the photo. `faces` is a number, or a list
of boxes in pixels of the upright photo: left, top, width, height. `text` is all readable text in reading order, "" if there is none. `harmless` says
that a moderation label would be wrong.

The photos stay on this machine: a local Rekognition of its own answers on 127.0.0.1 and ends afterwards. Exit codes: 0 measured, 1 something
failed (one sentence says what), 2 bad usage.
"""

import argparse
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools" / "eyes"), str(ROOT / "tools"), str(ROOT / "local" / "stack")]

import score  # noqa: E402 (needs the path above)
import table  # noqa: E402
import truth  # noqa: E402
from server import OPERATIONS, Failed, Server  # noqa: E402


def main():
    """Measures and prints; returns the exit code."""
    arguments = parser().parse_args()
    try:
        wanted = truth.read(arguments.folder)
        with Server.started() as server:
            answers = {}
            for count, photo in enumerate(wanted.photos, 1):
                show_progress(f"photo {count} of {len(wanted.photos)}")
                answers[photo.file] = {name: server.ask(name, wanted.folder / photo.file) for name in OPERATIONS}
            show_progress("")
            print(table.text(score.of(wanted, answers), server.milliseconds(), server.peak_megabytes()))
    except (truth.BadTruth, Failed) as error:
        print(f"eyes: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\neyes: interrupted.", file=sys.stderr)
        return 130
    return 0


def show_progress(text):
    """Replaces the last line of a terminal; a log gets nothing."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def parser():
    """The parser of the command line."""
    top = argparse.ArgumentParser(prog="python3 tools/eyes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("folder", type=Path, metavar="FOLDER", help="the photos with truth.json")
    return top


if __name__ == "__main__":
    sys.exit(main())
