#!/usr/bin/env python3
"""Runs cfn-lint on the synthesised templates: with default settings, with all optional resources, and for a local stack.

cdk/.cfnlintrc.yaml lists the disabled rules and why. The zips of the functions need not be built."""

import subprocess
import sys
import tempfile
from pathlib import Path

import venvs

CDK = venvs.ROOT / "cdk"
CFN_LINT = "cfn-lint==1.58.0"


def main():
    """Exit codes: 0 no findings, 1 findings, or the tool failed."""
    try:
        programs = venvs.ensure("cfn-lint", CFN_LINT)
        with tempfile.TemporaryDirectory(prefix="sightline-templates-") as folder:
            subprocess.run(["node", "--import", "tsx", "test/synth.ts", folder], cwd=CDK, check=True)
            templates = sorted(Path(folder).glob("*/*.template.json"))
            # In cdk/, where cfn-lint finds its configuration.
            found = subprocess.run([programs / "cfn-lint", "--", *templates], cwd=CDK).returncode
    except subprocess.CalledProcessError as error:
        return f"lint: `{' '.join(str(part) for part in error.cmd[:4])} …` failed with code {error.returncode}."
    print(f"lint: cfn-lint checked {len(templates)} templates: {'see the findings above' if found else 'no findings'}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
