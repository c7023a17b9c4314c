#!/usr/bin/env python3
"""Measures sightline on this machine, beside Python's and other libraries' ways to do the same, and writes docs/performance.md.

Sections: `functions` (each function beside a Python handler), `images` (inspect-image beside Pillow and libvips), `own-time` (an image over
services that answer in constant time), `pipeline` (photos on a local stack of its own), `search` (100,000 photos on such a stack) and `benches`
(Criterion's benches of hot parts). Without sections, all are measured, for about half an hour. Figures of other sections stay as they were;
each section says when and where it was measured.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "local" / "stack"), str(ROOT / "tools"), str(ROOT / "tools" / "soak")]

import benches  # noqa: E402 (needs the path above)
import environment  # noqa: E402
import functions  # noqa: E402
import images  # noqa: E402
import own_time  # noqa: E402
import page  # noqa: E402
import tls  # noqa: E402
import venvs  # noqa: E402
from lambda_api import FunctionFailed  # noqa: E402

REQUIREMENTS = ROOT / "tools" / "bench" / "requirements.txt"
RESULTS = ROOT / "docs" / "performance.json"
PAGE = ROOT / "docs" / "performance.md"
UNPACKED = ROOT / ".local" / "bench-programs"
SECTIONS = ["functions", "images", "own-time", "pipeline", "search", "benches"]


class Missing(Exception):
    """A program that is to be measured does not exist. The message says which one, and how to build it."""


def main():
    """Exit codes: 0 measured; 1 something is missing or failed; 2 bad usage; 130 interrupted."""
    arguments = parser().parse_args()
    if arguments.page_only:
        write({})
        return 0
    # Set before the launcher's modules are imported, which read them.
    os.environ.update(
        SIGHTLINE_STACK_FOLDER="bench",
        SIGHTLINE_AWS_PORT=str(arguments.aws_port),
        SIGHTLINE_REKOGNITION_PORT=str(arguments.rekognition_port),
        SIGHTLINE_WEB_PORT=str(arguments.web_port),
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    chosen = [section for section in SECTIONS if section in (arguments.sections or SECTIONS)]
    from config import StackError

    found = {}
    try:
        for name, section in measure(chosen, arguments):
            found[name] = section
            if not arguments.programs:
                write({name: section})
    except (Missing, FunctionFailed, tls.OpensslMissing, StackError) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\nbench: `{' '.join(str(part) for part in error.cmd[:4])} …` failed with code {error.returncode}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The sections that were measured to the end are written.", file=sys.stderr)
        return 130
    print(page.text(found))
    if arguments.programs:
        say("nothing was written, because --programs are not what `make package` builds")
    else:
        say(f"written: {PAGE.relative_to(ROOT)}, {RESULTS.relative_to(ROOT)}")
    return 0


def write(found):
    """Writes sections into the results and the page, beside those that were measured before."""
    known = json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}
    found = {section: {**known, **found}[section] for section in SECTIONS if section in known or section in found}
    RESULTS.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    PAGE.write_text(page.text(found), "utf-8")


def parser():
    """The parser of the command line."""
    top = argparse.ArgumentParser(prog="python3 tools/bench", description=__doc__)
    top.add_argument("sections", nargs="*", type=section, metavar="SECTION", help=f"what to measure: {', '.join(SECTIONS)} (default: all)")
    top.add_argument("--functions", nargs="+", choices=sorted(functions.SETTINGS), metavar="NAME", help="measure only these functions in the section `functions`")
    top.add_argument("--programs", type=Path, metavar="FOLDER", help="measure the programs in this folder, such as target/debug, instead of those in dist/; prints the figures and writes nothing")
    top.add_argument("--page-only", action="store_true", help="measure nothing; write docs/performance.md again from docs/performance.json")
    top.add_argument("--aws-port", type=int, default=4616, metavar="PORT", help="port of the local AWS of this stack (default: 4616)")
    top.add_argument("--rekognition-port", type=int, default=4617, metavar="PORT", help="port of the local Rekognition of this stack (default: 4617)")
    top.add_argument("--web-port", type=int, default=4618, metavar="PORT", help="port of the page of this stack (default: 4618)")
    return top


def section(text):
    """The name of a section."""
    if text not in SECTIONS:
        raise argparse.ArgumentTypeError(f"{text} is not one of {', '.join(SECTIONS)}")
    return text


def measure(chosen, arguments):
    """Yields the name of each section, and its figures with the circumstances of their measurement."""
    import pipeline
    import search

    names = arguments.functions or sorted(functions.SETTINGS)
    of_sections = {"functions": names, "images": ["inspect-image"], "own-time": own_time.FUNCTIONS}
    needed = sorted({name for section in chosen for name in of_sections.get(section, ())})
    programs = chosen_programs(arguments.programs, needed) if arguments.programs else packaged_programs(needed)
    interpreter = venvs.ensure("bench", REQUIREMENTS) / "python"
    with functions.ConstantServices(environment.real_roots(interpreter)) as constant:
        sections = {
            "functions": lambda: {
                "functions": functions.measure(names, programs, interpreter, constant, say), "roots": tls.count(constant.bundle),
                "zips": {} if arguments.programs else {name: zip_file(name).stat().st_size for name in names}, "python_zip": environment.python_zip(interpreter),
            },
            "images": lambda: images.measure(programs, interpreter, constant, say),
            "own-time": lambda: own_time.measure(programs, interpreter, constant, say),
            "pipeline": lambda: pipeline.measure(interpreter, say),
            "search": lambda: search.measure(say),
            "benches": lambda: benches.measure(say),
        }
        for name in chosen:
            circumstances = environment.now() | environment.versions(interpreter)
            yield name, {"measured": circumstances, "figures": sections[name]()}


def zip_file(name):
    """The zip that `make package` makes for this machine's architecture."""
    return ROOT / "dist" / environment.architecture() / f"{name}.zip"


def packaged_programs(names):
    """Unpacks the zips of `make package`; returns the programs by name."""
    absent = [name for name in names if not zip_file(name).exists()]
    if absent:
        command = f"make package ARCH={environment.architecture()}"
        raise Missing(f"bench: dist/{environment.architecture()} has no zip of {', '.join(absent)}. Run `{command}`, which takes about half an hour, and then this command again.")
    programs = {}
    for name in names:
        programs[name] = UNPACKED / name
        UNPACKED.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(zip_file(name)) as archive, archive.open("bootstrap") as program, programs[name].open("wb") as unpacked:
            shutil.copyfileobj(program, unpacked)
        programs[name].chmod(0o755)
    return programs


def chosen_programs(folder, names):
    """The programs in a folder, by name."""
    programs = {name: folder.resolve() / name for name in names}
    absent = [name for name, path in programs.items() if not path.is_file()]
    if absent:
        raise Missing(f"bench: {folder} has no program {', '.join(absent)}. Build it, or name the functions to measure with --functions.")
    return programs


def say(text):
    """Prints a line of progress."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
