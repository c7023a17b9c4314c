"""What must be there before anything is deployed: Python packages, models, programs, zips, Node packages."""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

import environment
import lambda_zip
import places
from errors import StackError

REQUIREMENTS = (places.ROOT / "local" / "stack" / "requirements.txt", places.ROOT / "local" / "models" / "requirements.txt")
STAMPS = places.SHARED / "stamps"
QUICK_COMPRESSION = 1


def python_packages(step):
    """A step: .local/venv, made anew when what it must hold has changed."""
    wanted = hashlib.sha256(b"".join([sys.version.encode(), bytes(places.VENV), *(file.read_bytes() for file in REQUIREMENTS)])).hexdigest()
    stamp = places.VENV_COMPLETE
    if stamp.exists() and stamp.read_text() == wanted:
        return "unchanged"
    step.run([sys.executable, "-m", "venv", "--clear", places.VENV])
    pip = [places.VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    step.run(pip + [part for file in REQUIREMENTS for part in ("-r", file)])
    stamp.write_text(wanted)
    return "installed"


def models(step):
    """A step: the model files, checked each time."""
    step.run([places.VENV / "bin" / "python", places.ROOT / "local" / "models" / "fetch_models.py"])
    return step.last_line().removeprefix("models: ")


def node_packages(step):
    """A step: what cdk/package-lock.json asks for."""
    lock = places.CDK / "package-lock.json"
    installed = places.CDK / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= lock.stat().st_mtime:
        return "unchanged"
    step.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=places.CDK)
    return "installed"


def programs(step):
    """A step: what the local stack and the demo run."""
    packages = [part for name in [*places.function_names(), "local-rekognition", "sightline-cli"] for part in ("-p", name)]
    step.run(["cargo", "build", "--locked", *packages])
    return "built"


def programs_and_tests(step):
    """A step: all of the workspace at once, since cargo compiles dependencies anew when tests ask for other features of them."""
    step.run(["cargo", "build", "--locked", "--workspace", "--all-targets"])
    return "built"


def zips(step):
    """A step: dist/local, one zip for each function, made anew where the program has changed."""
    STAMPS.mkdir(parents=True, exist_ok=True)
    changed = [name for name in places.function_names() if _zip(step, name)]
    for orphan in places.ZIPS.glob("*.zip"):
        if orphan.stem not in places.function_names():
            orphan.unlink()
    return f"{len(changed)} changed" if changed else "unchanged"


def _zip(step, name):
    program = places.built(name)
    if not program.exists():
        raise StackError(f"The build left no program at {program}: functions/{name} must build one of that name.")
    facts = program.stat()
    stamp, version = STAMPS / name, f"{facts.st_mtime_ns} {facts.st_size}"
    target = places.ZIPS / f"{name}.zip"
    if target.exists() and stamp.exists() and stamp.read_text() == version:
        return False
    with tempfile.TemporaryDirectory(dir=STAMPS) as scratch:
        stripped = Path(scratch) / "bootstrap"
        shutil.copyfile(program, stripped)
        step.run(["strip", "--strip-all", stripped])
        lambda_zip.write(stripped, target, QUICK_COMPRESSION)
    stamp.write_text(version)
    return True
