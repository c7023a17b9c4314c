#!/usr/bin/env python3
"""Runs every test suite to its end, the Rust one last, and fails if any of them has failed. The local stack must be up."""

import collections
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "local" / "stack"))

import environment  # noqa: E402 (needs the path above)
import places  # noqa: E402

SUITES = {
    "launcher": ([sys.executable, "-m", "unittest", "discover", "-s", "local/stack/tests"], ROOT),
    "tools": ([sys.executable, "-m", "unittest", "discover", "-s", "tools/tests"], ROOT),
    "cdk": (["npm", "test", "--silent"], ROOT / "cdk"),
    "rust": (["cargo", "nextest", "run", "--workspace", "--locked"], ROOT),
}


def main():
    """The command. Exit codes: 0 all passed, 1 some failed."""
    failed = [name for name, (command, folder) in SUITES.items() if not passed(name, command, folder)]
    if "rust" in failed:
        print(stack_saw(places.LOGS), file=sys.stderr)
    if failed:
        print(f"Failed: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def passed(name, command, folder):
    """Runs one suite with the terminal of this process."""
    started = time.monotonic()
    print(f"\n── {name} tests", file=sys.stderr, flush=True)
    code = subprocess.run(command, cwd=folder, env=environment.client()).returncode
    if code:
        print(f"── {name} tests failed after {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
    return code == 0


def stack_saw(logs):
    """What tells a broken stack from a broken test: how the local Rekognition answered, and the last complaints of the local AWS."""
    outcomes = collections.Counter(re.findall(r'"outcome":"(\w+)"', _text(logs / "local-rekognition.log")))
    complaints = [line for line in _text(logs / "ministack.log").splitlines() if re.match(r"\S+ \S+ (WARNING|ERROR|CRITICAL) ", line)]
    lines = ["", "── the local stack, since its start", "Rekognition: " + ", ".join(f"{count} {name}" for name, count in outcomes.most_common())]
    return "\n".join([*lines, f"AWS: {len(complaints)} complaints" + (", the last of them:" if complaints else ""), *complaints[-5:]])


def _text(file):
    return file.read_text(errors="replace") if file.exists() else ""


if __name__ == "__main__":
    sys.exit(main())
