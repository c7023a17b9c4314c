#!/usr/bin/env python3
"""Deploys to AWS: looks at the account, builds the functions for arm64, then hands all arguments on to `cdk deploy --all`, which asks before it widens permissions."""

import os
import subprocess
import sys
from pathlib import Path

import preflight
import venvs

ROOT = venvs.ROOT
CDK = ROOT / "cdk"
# The version that the local stack is tested with.
BOTO3 = next(line for line in (ROOT / "local" / "stack" / "requirements.txt").read_text().splitlines() if line.startswith("boto3=="))
sys.path.append(str(ROOT / "local" / "stack"))

import doctor  # noqa: E402 (needs the path above)

NO_TERMINAL = (
    "deploy: there is no terminal here to answer cdk's question about wider permissions. "
    "Read what `cdk diff` says, then run this again with CDK_FLAGS='--require-approval never' and your other flags."
)


def main():
    """The command. Exit codes: 0 deployed, 1 failed."""
    arguments = sys.argv[1:]
    refusal = refused(arguments, os.environ, sys.stdin.isatty() and sys.stdout.isatty())
    if refusal:
        return refusal
    missing = doctor.missing(doctor.examine(), everything=False)
    if missing:
        return "\n".join(doctor.line(finding) for finding in missing)
    try:
        looked = subprocess.run([venvs.ensure("deploy", BOTO3) / "python", ROOT / "tools" / "preflight.py", *arguments], stdout=subprocess.PIPE, text=True)
    except subprocess.CalledProcessError as error:
        return f"deploy: installing {BOTO3} ended with code {error.returncode}; nothing was deployed."
    if looked.returncode:
        return looked.returncode
    steps = [
        ([sys.executable, "tools/package.py", "arm64"], ROOT),
        (["npm", "ci", "--no-audit", "--no-fund"], CDK),
        ([CDK / "node_modules" / ".bin" / "cdk", "deploy", "--all", *with_release_id(arguments, looked.stdout)], CDK),
    ]
    for command, folder in steps:
        code = subprocess.run(command, cwd=folder).returncode
        if code:
            return f"deploy: `{Path(command[0]).name} {Path(command[1]).name}` ended with code {code}; nothing after it was done."
    return 0


def refused(arguments, environment, terminal):
    """Why nothing is even tried, in one sentence; nothing where it may be."""
    redirected = sorted(name for name in environment if name.startswith("AWS_ENDPOINT_URL"))
    if redirected:
        return f"deploy: this shell points at a local stack ({', '.join(redirected)} set), so nothing would reach AWS: use a new shell, or unset {' '.join(redirected)}."
    if not terminal and not preflight.read_flags(arguments).approved:
        return NO_TERMINAL
    return None


def with_release_id(arguments, release_id):
    """The arguments of cdk, with the release id of the preflight; one that was passed stays."""
    if not release_id or "release-id" in preflight.read_flags(arguments).context:
        return arguments
    return [*arguments, "-c", f"release-id={release_id}"]


if __name__ == "__main__":
    sys.exit(main())
