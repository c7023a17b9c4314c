#!/usr/bin/env python3
"""Soak test: many uploads to a server that throttles and fails (row 35 of the fault matrix), and a stack that is stopped during uploads (row 36).

It starts its own local stack, independent of `make up`, and removes it at the end. It exits with 1 if an image is lost or has two records.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "local" / "stack"), str(ROOT / "tools")]


def main():
    """Exit codes: 0 nothing lost or duplicated; 1 something was, or the stack failed; 2 bad usage; 130 interrupted."""
    arguments = parser().parse_args()
    # Set before the launcher's modules are imported, which read them.
    os.environ.update(
        SIGHTLINE_STACK_FOLDER="soak",
        SIGHTLINE_AWS_PORT=str(arguments.aws_port),
        SIGHTLINE_REKOGNITION_PORT=str(arguments.rekognition_port),
        SIGHTLINE_WEB_PORT=str(arguments.web_port),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import figures
    import rows
    from config import StackError
    from harness import Harness

    parts = {
        "throttled": lambda harness: rows.row_35_many_uploads_against_a_server_that_throttles(harness, arguments.images, arguments.calls, arguments.models),
        "stopped": lambda harness: rows.row_36_the_stack_is_stopped_and_started_in_the_middle(harness, arguments.restart_images, Harness.stop),
        "killed": lambda harness: rows.row_36_the_stack_is_stopped_and_started_in_the_middle(harness, arguments.restart_images, Harness.kill),
    }
    passed = True
    try:
        for name in arguments.part or parts:
            with Harness(name) as harness:
                found = parts[name](harness)
            print(figures.text(name, found), flush=True)
            passed = passed and found.passed()
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The stack of the soak test is stopped and removed.", file=sys.stderr)
        return 130
    return 0 if passed else 1


def parser():
    """The parser of the command line."""
    top = argparse.ArgumentParser(prog="python3 tools/soak", description=__doc__)
    top.add_argument("--images", type=positive, default=1000, metavar="N", help="number of photos in the part `throttled` (default: 1000)")
    top.add_argument("--restart-images", type=positive, default=100, metavar="N", help="number of photos in the parts `stopped` and `killed` (default: 100)")
    top.add_argument("--part", action="append", choices=["throttled", "stopped", "killed"], help="run only this part; can be repeated")
    top.add_argument("--calls", type=positive, default=50, metavar="N", help="Rekognition calls a second that are allowed in the part `throttled` (default: 50)")
    top.add_argument("--models", action="store_true", help="use the real models in the part `throttled`; they are much slower than the quota (the other parts always use them)")
    top.add_argument("--aws-port", type=int, default=4576, metavar="PORT", help="port of the local AWS of this stack (default: 4576)")
    top.add_argument("--rekognition-port", type=int, default=4577, metavar="PORT", help="port of the local Rekognition of this stack (default: 4577)")
    top.add_argument("--web-port", type=int, default=4578, metavar="PORT", help="port of the page of this stack (default: 4578)")
    return top


def positive(text):
    """A positive integer."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
