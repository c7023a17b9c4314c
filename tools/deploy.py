#!/usr/bin/env python3
"""Deploys to AWS: builds the functions for arm64, then hands all arguments on to `cdk deploy --all`, which asks before it widens permissions."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CDK = ROOT / "cdk"
sys.path.append(str(ROOT / "local" / "stack"))

import doctor  # noqa: E402 (needs the path above)


def main():
    """The command. Exit codes: 0 deployed, 1 failed."""
    redirected = sorted(name for name in os.environ if name.startswith("AWS_ENDPOINT_URL"))
    if redirected:
        return f"deploy: this shell points at a local stack ({', '.join(redirected)} set), so nothing would reach AWS: use a new shell, or unset {' '.join(redirected)}."
    missing = doctor.missing(doctor.examine(), everything=False)
    if missing:
        return "\n".join(doctor.line(finding) for finding in missing)
    steps = [
        ([sys.executable, "tools/package.py", "arm64"], ROOT),
        (["npm", "ci", "--no-audit", "--no-fund"], CDK),
        ([CDK / "node_modules" / ".bin" / "cdk", "deploy", "--all", *sys.argv[1:]], CDK),
    ]
    for command, folder in steps:
        code = subprocess.run(command, cwd=folder).returncode
        if code:
            return f"deploy: `{Path(command[0]).name} {Path(command[1]).name}` ended with code {code}; nothing after it was done."
    return 0


if __name__ == "__main__":
    sys.exit(main())
