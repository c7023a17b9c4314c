#!/usr/bin/env python3
"""Runs all of sightline on this machine, without AWS."""

import argparse
import signal
import sys
from pathlib import Path

# tools/package.py writes the zips, also for `make package`.
sys.path.append(str(Path(__file__).resolve().parents[2] / "tools"))

import commands
from config import StackError


def main():
    """Exit codes: 0 done, 1 failed (the message says why), 2 bad usage, 130 interrupted."""
    arguments = parser().parse_args()
    # SIGTERM ends the running steps as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return arguments.run(arguments)
    except StackError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Completed steps are kept; run the same command again to continue.", file=sys.stderr)
        return 130


def parser():
    """The parser of the command line."""
    top = argparse.ArgumentParser(prog="python3 local/stack", description=__doc__)
    verbs = top.add_subparsers(required=True, metavar="COMMAND")

    def verb(name, run, text):
        added = verbs.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    verb("doctor", commands.check_machine, "check this machine, and say what to install")
    verb("models", commands.fetch_models, "fetch the local models into the cache")
    up = verb("up", commands.up, "build, start and deploy the local stack")
    up.add_argument("--for-tests", action="store_true", help="also build the tests, and deploy the stage with their settings")
    demo = verb("demo", commands.demo, "bring the stack up and analyse photos")
    demo.add_argument("photos", nargs="?", metavar="FOLDER", help="folder of photos (default: samples)")
    down = verb("down", commands.down, "stop the local stack and keep its state")
    down.add_argument("--forget", action="store_true", help="delete its state: images, records and deployments")
    verb("web", commands.develop_page, "serve the page from its sources, with changes at once")
    verb("status", commands.status, "show what is running and deployed")
    verb("env", commands.env, "print shell commands that point a shell at the local stack")
    return top


if __name__ == "__main__":
    sys.exit(main())
