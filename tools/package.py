#!/usr/bin/env python3
"""Builds dist/<architecture>/<function>.zip for AWS Lambda, by cargo-lambda and zig, and checks that no zip is too large."""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import lambda_zip
import venvs

ROOT = venvs.ROOT
CARGO_LAMBDA = "cargo-lambda==1.9.2"
FLAGS = {"arm64": "--arm64", "x86_64": "--x86-64"}

# A zip is fetched and unpacked at each cold start. inspect-image has the image decoders in it.
MEGABYTE = 1_000_000
LARGEST = {"inspect-image": 5 * MEGABYTE}
LARGEST_ELSE = 4 * MEGABYTE


def main():
    """The command. Exit codes: 0 built, 1 failed or too large, 2 bad usage."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("architectures", nargs="+", choices=sorted(FLAGS), metavar="ARCH", help="arm64 or x86_64")
    architectures = parser.parse_args().architectures
    try:
        # cargo-lambda brings zig.
        programs = venvs.ensure("package", CARGO_LAMBDA)
        too_large = [zip_file for architecture in architectures for zip_file in package(architecture, programs)]
    except subprocess.CalledProcessError as error:
        return f"package: `{' '.join(str(part) for part in error.cmd[:4])} …` failed with code {error.returncode}."
    return f"package: too large: {', '.join(too_large)}." if too_large else 0


def package(architecture, programs):
    """Builds all functions for one architecture; returns what is too large, in words."""
    names = sorted(manifest.parent.name for manifest in (ROOT / "functions").glob("*/Cargo.toml"))
    say(f"building {len(names)} functions for {architecture}; with link-time optimisation that takes minutes")
    started = time.monotonic()
    built = build(architecture, names, programs)
    too_large = []
    for name in names:
        target = ROOT / "dist" / architecture / f"{name}.zip"
        lambda_zip.write(built / name / "bootstrap", target)
        size, largest = target.stat().st_size, LARGEST.get(name, LARGEST_ELSE)
        print(f"{target.relative_to(ROOT)!s:<36} {size / MEGABYTE:5.2f} MB{'' if size <= largest else f'  over {largest / MEGABYTE:.0f} MB'}", flush=True)
        if size > largest:
            too_large.append(f"{architecture}/{name} ({size / MEGABYTE:.2f} MB of {largest / MEGABYTE:.0f})")
    say(f"{architecture} took {time.monotonic() - started:.0f} s")
    return too_large


def build(architecture, names, programs):
    """Runs cargo-lambda; returns the folder with one folder for each function."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "package" / architecture
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    packages = [part for name in names for part in ("-p", name)]
    command = [programs / "cargo-lambda", "lambda", "build", "--profile", "lambda", "--locked", FLAGS[architecture], "--lambda-dir", folder, *packages]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PATH": path}, check=True)
    return folder


def say(text):
    """A progress line."""
    print(f"package: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
