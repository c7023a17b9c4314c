#!/usr/bin/env python3
"""Soak: many uploads against a server that throttles and fails (row 35 of the fault matrix), and a stack that is stopped in their middle (row 36).

It brings up a local stack of its own, beside the one of `make up`, and removes it in the end. It exits with 1 if an image is lost or has two records.
"""

import argparse
import os
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "local" / "stack"), str(ROOT / "tools")]


def main():
    """The command. Exit codes: 0 nothing lost, nothing twice; 1 something was, or the stack failed; 2 bad usage; 130 interrupted."""
    arguments = parser().parse_args()
    # Read by the launcher's modules, so before they are imported.
    os.environ.update(
        SIGHTLINE_STACK_FOLDER="soak",
        SIGHTLINE_AWS_PORT=str(arguments.aws_port),
        SIGHTLINE_REKOGNITION_PORT=str(arguments.rekognition_port),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    import figures
    import rows
    from errors import StackError
    from rig import Rig

    parts = {
        "throttled": lambda rig: rows.row_35_many_uploads_against_a_server_that_throttles(rig, arguments.images, arguments.calls, arguments.models),
        "stopped": lambda rig: rows.row_36_the_stack_is_stopped_and_started_in_the_middle(rig, arguments.restart_images, Rig.stop),
        "killed": lambda rig: rows.row_36_the_stack_is_stopped_and_started_in_the_middle(rig, arguments.restart_images, Rig.kill),
    }
    well = True
    try:
        for name in arguments.part or parts:
            with Rig(name) as rig:
                found = parts[name](rig)
            print(figures.text(name, found), flush=True)
            well = well and found.well()
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted; the soak's own stack is stopped and removed.", file=sys.stderr)
        return 130
    return 0 if well else 1


def parser():
    """What the command line may say."""
    top = argparse.ArgumentParser(prog="python3 tools/soak", description=__doc__)
    top.add_argument("--images", type=positive, default=1000, metavar="N", help="photos of the part `throttled` (default: 1000)")
    top.add_argument("--restart-images", type=positive, default=100, metavar="N", help="photos of the parts `stopped` and `killed` (default: 100)")
    top.add_argument("--part", action="append", choices=["throttled", "stopped", "killed"], help="only this part; may be given more than once")
    top.add_argument("--calls", type=positive, default=50, metavar="N", help="calls of Rekognition a second that the part `throttled` lets in (default: 50)")
    top.add_argument("--models", action="store_true", help="let real models answer in the part `throttled`; they are far slower than the quota (the other parts always use them)")
    top.add_argument("--aws-port", type=int, default=4568, metavar="PORT", help="port of the soak's own local AWS (default: 4568)")
    top.add_argument("--rekognition-port", type=int, default=4569, metavar="PORT", help="port of its local Rekognition (default: 4569)")
    return top


def positive(text):
    """A number of something."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


if __name__ == "__main__":
    sys.exit(main())
