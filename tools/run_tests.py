#!/usr/bin/env python3
"""Runs all test suites to the end, Rust last, and fails if any of them failed. The local stack must be up."""

import collections
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "local" / "stack"))

import config  # noqa: E402 (needs the path above)

SUITES = {
    "launcher": ([sys.executable, "-m", "unittest", "discover", "-s", "local/stack/tests"], ROOT),
    "tools": ([sys.executable, "-m", "unittest", "discover", "-s", "tools/tests"], ROOT),
    "cdk": (["npm", "test", "--silent"], ROOT / "cdk"),
    "page": (["npm", "test", "--silent"], ROOT / "web"),
    "size of the page": (["npm", "run", "--silent", "size"], ROOT / "web"),
    "journeys": (["npm", "test", "--silent"], ROOT / "web" / "e2e"),
    "rust": (["cargo", "nextest", "run", "--workspace", "--locked"], ROOT),
}


def main():
    """Exit codes: 0 all suites passed, 1 some failed."""
    failed = [name for name, (command, folder) in SUITES.items() if not run_suite(name, command, folder)]
    if "rust" in failed:
        print(stack_summary(config.LOGS), file=sys.stderr)
    if failed:
        print(f"Failed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def run_suite(name, command, folder):
    """Runs one suite with the terminal of this process; returns whether it passed."""
    started = time.monotonic()
    print(f"\n── {name} tests", file=sys.stderr, flush=True)
    code = subprocess.run(command, cwd=folder, env=config.client_environment()).returncode
    if code:
        print(f"── {name} tests failed after {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return code == 0


def stack_summary(logs):
    """Helps to tell a broken stack from a broken test: the outcomes of the local Rekognition, and the last warnings of the local AWS."""
    outcomes = collections.Counter(re.findall(r'"outcome":"(\w+)"', _text(logs / "local-rekognition.log")))
    warnings = [line for line in _text(logs / "ministack.log").splitlines() if re.match(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ", line)]
    lines = ["", "── the local stack since its start", "Rekognition: " + ", ".join(f"{count} {name}" for name, count in outcomes.most_common())]
    return "\n".join([*lines, f"AWS: {len(warnings)} warnings" + (", the last ones:" if warnings else ""), *warnings[-5:]])


def _text(file):
    return file.read_text(errors="replace") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
