#!/usr/bin/env python3
"""Builds dist/<architecture>/<function>.zip for AWS Lambda with cargo-lambda and zig, and checks the size of each zip; and the page into web/dist."""

import argparse
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import venvs

ROOT = venvs.ROOT
CARGO_LAMBDA = "cargo-lambda==1.9.2"
FLAGS = {"arm64": "--arm64", "x86_64": "--x86-64"}

# Lambda fetches and unpacks the zip at each cold start. inspect-image contains the image decoders.
MEGABYTE = 1_000_000
SIZE_LIMITS = {"inspect-image": 5 * MEGABYTE}
DEFAULT_SIZE_LIMIT = 4 * MEGABYTE

EARLIEST_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE_EXECUTABLE = 0o100755 << 16


def main():
    """Exit codes: 0 built, 1 failed or too large, 2 bad usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architectures", nargs="+", choices=sorted(FLAGS), metavar="ARCH", help="arm64 or x86_64")
    architectures = parser.parse_args().architectures
    try:
        build_page()
        # cargo-lambda depends on zig, so both are installed.
        programs = venvs.ensure("package", CARGO_LAMBDA)
        too_large = [zip_file for architecture in architectures for zip_file in package(architecture, programs)]
    except subprocess.CalledProcessError as error:
        return f"package: `{' '.join(str(part) for part in error.cmd[:4])} …` failed with code {error.returncode}."
    return f"package: too large: {', '.join(too_large)}." if too_large else 0


def build_page():
    """Builds web/dist, which is the same for every architecture."""
    say("building the page")
    for command in (["npm", "ci", "--no-audit", "--no-fund", "--silent"], ["npm", "run", "--silent", "build"]):
        subprocess.run(command, cwd=ROOT / "web", check=True, stdout=sys.stderr)


def package(architecture, programs):
    """Builds all functions for one architecture; returns a description of each zip that is too large."""
    names = sorted(manifest.parent.name for manifest in (ROOT / "functions").glob("*/Cargo.toml"))
    say(f"building {len(names)} functions for {architecture}; with link-time optimisation this takes minutes")
    started = time.monotonic()
    built = build(architecture, names, programs)
    too_large = []
    for name in names:
        target = ROOT / "dist" / architecture / f"{name}.zip"
        write_zip(built / name / "bootstrap", target)
        size, limit = target.stat().st_size, SIZE_LIMITS.get(name, DEFAULT_SIZE_LIMIT)
        print(f"{target.relative_to(ROOT)!s:<36} {size / MEGABYTE:5.2f} MB{'' if size <= limit else f'  over {limit / MEGABYTE:.0f} MB'}", flush=True)
        if size > limit:
            too_large.append(f"{architecture}/{name} ({size / MEGABYTE:.2f} MB of {limit / MEGABYTE:.0f})")
    say(f"{architecture} took {time.monotonic() - started:.0f} s")
    return too_large


def build(architecture, names, programs):
    """Runs cargo-lambda; returns the folder that has one subfolder per function."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "package" / architecture
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    packages = [part for name in names for part in ("-p", name)]
    command = [programs / "cargo-lambda", "lambda", "build", "--profile", "lambda", "--locked", FLAGS[architecture], "--lambda-dir", folder, *packages]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, check=True)
    return folder


def write_zip(program, target, level=9):
    """Zips a program as `bootstrap`, the name that Lambda runs.

    The same program gives the same bytes, so that the CDK deploys only what has changed. `target` is replaced completely or not at all.
    """
    entry = zipfile.ZipInfo("bootstrap", EARLIEST_ZIP_TIME)
    entry.external_attr = REGULAR_FILE_EXECUTABLE
    entry.compress_type = zipfile.ZIP_DEFLATED
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(entry, Path(program).read_bytes(), compresslevel=level)
    partial.replace(target)


def say(text):
    """Prints a line of progress."""
    print(f"package: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
