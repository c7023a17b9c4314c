#!/usr/bin/env python3
"""The local stack: the whole of sightline on this machine, without AWS."""

import argparse
import signal
import sys
from pathlib import Path

# What makes the zips is shared with `make package`.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))

import commands
from errors import StackError


def main():
    """The command. Exit codes: 0 done, 1 failed (one sentence says why), 2 bad usage, 130 interrupted."""
    arguments = parser().parse_args()
    # A polite kill ends the running steps just as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return arguments.run(arguments)
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. What is done is kept: run the same command again to go on.", file=sys.stderr)
        return 130


def parser():
    """What the command line may say."""
    top = argparse.ArgumentParser(prog="python3 local/stack", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="COMMAND")

    def verb(name, run, text):
        added = verbs.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    verb("doctor", commands.doctor, "say what this machine has and what is missing")
    verb("models", commands.models, "fetch the local models into the cache")
    up = verb("up", commands.up, "build, start and deploy what is not yet up")
    up.add_argument("--for-tests", action="store_true", help="also build the tests, and deploy the stage with their strict settings")
    demo = verb("demo", commands.demo, "bring the stack up and analyse photos")
    demo.add_argument("photos", nargs="?", metavar="FOLDER", help="folder of photos (default: samples)")
    down = verb("down", commands.down, "stop the local stack; what it holds is kept")
    down.add_argument("--forget", action="store_true", help="remove what it holds: images, records and all that is deployed")
    verb("status", commands.status, "say what is running and deployed")
    verb("env", commands.env, "print export lines that point a shell at the local stack")
    return top


if __name__ == "__main__":
    sys.exit(main())
