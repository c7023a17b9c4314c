"""The steps that prepare a deployment: Python and Node packages, models, programs and zips."""

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import config
import package  # in tools/; __main__.py adds the folder to the path
from config import StackError

REQUIREMENTS = (config.ROOT / "local" / "stack" / "requirements.txt", config.ROOT / "local" / "models" / "requirements.txt")
STAMPS = config.SHARED / "stamps"
QUICK_COMPRESSION = 1


def python_packages(step):
    """Step: creates .local/venv again if its requirements have changed."""
    wanted = hashlib.sha256(b"".join([sys.version.encode(), bytes(config.VENV), *(file.read_bytes() for file in REQUIREMENTS)])).hexdigest()
    stamp = config.VENV_COMPLETE
    if stamp.exists() and stamp.read_text() == wanted:
        return "unchanged"
    step.run([sys.executable, "-m", "venv", "--clear", config.VENV])
    pip = [config.VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    step.run(pip + [part for file in REQUIREMENTS for part in ("-r", file)])
    stamp.write_text(wanted)
    return "installed"


def models(step):
    """Step: fetches the model files that are missing or damaged."""
    step.run([config.VENV / "bin" / "python", config.ROOT / "local" / "models" / "fetch_models.py"])
    return step.last_line().removeprefix("models: ")


def node_packages(folder):
    """Returns the step that installs the packages of a folder's package-lock.json."""

    def install(step):
        lock = folder / "package-lock.json"
        installed = folder / "node_modules" / ".package-lock.json"
        if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
            return "unchanged"
        step.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder)
        return "installed"

    return install


def page(step):
    """Step: builds the page into web/dist if its sources have changed."""
    folders = [path for name in ("src", "public") for path in sorted((config.WEB / name).glob("**/*")) if path.is_file()]
    sources = [*folders, *(config.WEB / name for name in ("index.html", "package-lock.json", "svelte.config.js", "tsconfig.json", "vite.config.ts"))]
    digest = hashlib.sha256()
    for source in sources:
        digest.update(str(source).encode())
        digest.update(source.read_bytes())
    stamp, wanted = STAMPS / "page", digest.hexdigest()
    if stamp.exists() and stamp.read_text() == wanted and (config.WEB / "dist" / "index.html").exists():
        return "unchanged"
    step.run(["npm", "run", "--silent", "build"], cwd=config.WEB)
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)
    return "built"


def browser(step):
    """Step: finds Chromium for the tests of the page, or installs it on Debian."""
    if found := config.browser():
        return found
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise StackError("Chromium is missing, which the tests of the page need. Install it: `sudo apt-get install --no-install-recommends chromium`.")
    step.run(["apt-get", "update", "-qq"])
    step.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", "chromium"], env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"})
    return "installed"


def program_packages():
    """The cargo arguments that select the packages of the local stack and the demo."""
    return [part for name in [*config.function_names(), "local-rekognition", "sightline-cli"] for part in ("-p", name)]


def programs(step):
    """Step: builds the programs of the local stack and the demo."""
    step.run(["cargo", "build", "--locked", *program_packages()])
    return "built"


def programs_and_tests(step):
    """Step: builds the whole workspace, with the dependencies that `programs` has compiled; a test checks that their features are the same."""
    step.run(["cargo", "build", "--locked", "--workspace", "--all-targets"])
    return "built"


def zips(step):
    """Step: writes dist/local, one zip per function, for each program that has changed."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    changed = [name for name in config.function_names() if _zip(step, name)]
    for orphan in config.ZIPS.glob("*.zip"):
        if orphan.stem not in config.function_names():
            orphan.unlink()
    return f"{len(changed)} changed" if changed else "unchanged"


def _zip(step, name):
    program = config.binary(name)
    if not program.exists():
        raise StackError(f"{program} was not built: functions/{name} must build a program of that name.")
    stat = program.stat()
    stamp, version = STAMPS / name, f"{stat.st_mtime_ns} {stat.st_size}"
    target = config.ZIPS / f"{name}.zip"
    if target.exists() and stamp.exists() and stamp.read_text() == version:
        return False
    with tempfile.TemporaryDirectory(dir=STAMPS) as scratch:
        stripped = Path(scratch) / "bootstrap"
        shutil.copyfile(program, stripped)
        step.run(["strip", "--strip-all", stripped])
        package.write_zip(stripped, target, QUICK_COMPRESSION)
    stamp.write_text(version)
    return True
