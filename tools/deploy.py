#!/usr/bin/env python3
"""Deploys to AWS: checks the account, builds the functions for arm64, then passes all arguments to `cdk deploy --all`, which asks before it broadens permissions."""

import os
import subprocess
import sys
from pathlib import Path

import preflight
import venvs

ROOT = venvs.ROOT
CDK = ROOT / "cdk"
# The same version as in the local stack.
BOTO3 = next(line for line in (ROOT / "local" / "stack" / "requirements.txt").read_text().splitlines() if line.startswith("boto3=="))
sys.path.append(str(ROOT / "local" / "stack"))

import doctor  # noqa: E402 (needs the path above)

NO_TERMINAL = (
    "deploy: cdk must ask about broader permissions, but there is no terminal. "
    "Read the output of `cdk diff`, then run this again with CDK_FLAGS='--require-approval never' and your other flags."
)


def main():
    """Exit codes: 0 deployed, 1 failed."""
    arguments = sys.argv[1:]
    problem = usage_problem(arguments, os.environ, sys.stdin.isatty() and sys.stdout.isatty())
    if problem:
        return problem
    missing = doctor.missing(doctor.examine(), for_tests=False)
    if missing:
        return "\n".join(doctor.format_finding(finding) for finding in missing)
    try:
        checked = subprocess.run([venvs.ensure("deploy", BOTO3) / "python", ROOT / "tools" / "preflight.py", *arguments], stdout=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as error:
        return f"deploy: installing {BOTO3} failed with code {error.returncode}; nothing was deployed."
    if checked.returncode:
        return checked.returncode
    steps = [
        ([sys.executable, "tools/package.py", "arm64"], ROOT),
        (["npm", "ci", "--no-audit", "--no-fund"], CDK),
        ([CDK / "node_modules" / ".bin" / "cdk", "deploy", "--all", *with_release_id(arguments, checked.stdout)], CDK),
    ]
    for command, folder in steps:
        code = subprocess.run(command, cwd=folder).returncode
        if code:
            return f"deploy: `{Path(command[0]).name} {Path(command[1]).name}` failed with code {code}; the steps after it were not run."
    return 0


def usage_problem(arguments, environment, has_terminal):
    """The reason why a deployment must not start, in one sentence; None if it may."""
    redirected = sorted(name for name in environment if name.startswith("AWS_ENDPOINT_URL"))
    if redirected:
        return f"deploy: this shell points at a local stack ({', '.join(redirected)} set), so it would not reach AWS: use a new shell, or unset {' '.join(redirected)}."
    if not has_terminal and not preflight.read_flags(arguments).approved:
        return NO_TERMINAL
    return None


def with_release_id(arguments, release_id):
    """Adds the release id of the preflight to the arguments of cdk, unless they contain one."""
    if not release_id or "release-id" in preflight.read_flags(arguments).context:
        return arguments
    return [*arguments, "-c", f"release-id={release_id}"]


if __name__ == "__main__":
    sys.exit(main())
