#!/usr/bin/env python3
"""Draws image-analysis.svg and writes the table of README.md, both from image-analysis.asl.json. `--check` only says whether they are up to date."""

import argparse
import sys
from pathlib import Path

import drawing
import layout
import machine
import table

HERE = Path(__file__).resolve().parent
DEFINITION = HERE / "image-analysis.asl.json"
PICTURE = HERE / "image-analysis.svg"
README = HERE / "README.md"
BEGIN, END = "<!-- made by diagram.py: begin -->\n", "<!-- made by diagram.py: end -->\n"


def main():
    """The command. Exit codes: 0 up to date or written, 1 out of date, 2 bad usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 where something is out of date")
    check = parser.parse_args().check
    stale = [path for path, text in wanted().items() if not path.exists() or path.read_text("utf-8") != text]
    if check and stale:
        return f"Out of date: {', '.join(path.name for path in stale)}. Run `make diagram`."
    for path in stale:
        path.write_text(wanted()[path], "utf-8")
        print(f"wrote {path.relative_to(HERE.parent)}", file=sys.stderr)
    return 0


def wanted():
    """What the files should hold."""
    region = machine.read(DEFINITION)
    readme = README.read_text("utf-8")
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{README.name} has lost its marker lines {BEGIN.strip()} and {END.strip()}.")
    picture = drawing.svg(layout.plan(region), "The state machine image-analysis")
    return {PICTURE: picture, README: before + begin + table.table(region, HERE.parent / "functions") + "\n" + end + after}


if __name__ == "__main__":
    sys.exit(main())
