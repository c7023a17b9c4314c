#!/usr/bin/env python3
"""Runs cfn-lint on the synthesised templates: with the defaults, with everything that a setting adds, and as a laptop gets them.

Which of its rules are acknowledged, and why, stands in cdk/.cfnlintrc.yaml. The zips of the functions need not be built."""

import subprocess
import sys
import tempfile
from pathlib import Path

import venvs

CDK = venvs.ROOT / "cdk"
CFN_LINT = "cfn-lint==1.58.0"


def main():
    """The command. Exit codes: 0 nothing found, 1 something found or the tool failed."""
    try:
        programs = venvs.ensure("cfn-lint", CFN_LINT)
        with tempfile.TemporaryDirectory(prefix="sightline-templates-") as folder:
            subprocess.run(["node", "--import", "tsx", "test/synth.ts", folder], cwd=CDK, check=True)
            templates = sorted(Path(folder).glob("*/*.template.json"))
            # In cdk/, where its configuration is.
            found = subprocess.run([programs / "cfn-lint", "--", *templates], cwd=CDK).returncode
    except subprocess.CalledProcessError as error:
        return f"lint: `{' '.join(str(part) for part in error.cmd[:4])} …` failed with code {error.returncode}."
    print(f"lint: cfn-lint looked at {len(templates)} templates: {'see above' if found else 'nothing found'}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
