"""What a measurement depends on: machine, date, commit and versions."""

import io
import os
import platform
import re
import subprocess
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ARCHITECTURES = {"x86_64": "x86_64", "amd64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}


def architecture():
    """This machine's architecture, as the folders in dist/ are named."""
    machine = platform.machine().lower()
    return ARCHITECTURES.get(machine, machine)


def now():
    """Date, commit and machine."""
    return {"date": time.strftime("%Y-%m-%d", time.gmtime()), "commit": commit(), "machine": machine()}


def commit():
    """The commit of the checkout, with a plus sign if tracked files differ from it."""
    head = _git("rev-parse", "--short=10", "HEAD")
    return f"{head}+" if head and _git("status", "--porcelain", "--untracked-files=no", "--", ".", ":!*.md", ":!docs/performance.json") else head or "unknown"


def machine():
    """Processor, cores and system, as one text."""
    known = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.M)
    return f"{known.group(1) if known else platform.machine()}, {os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]} {platform.machine()}"


def versions(interpreter):
    """Versions of what the measured programs were built with and compared with."""
    listed = subprocess.run([interpreter, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"], capture_output=True, text=True, check=True).stdout
    known = dict(line.split("==") for line in listed.splitlines() if "==" in line)
    libvips = subprocess.run([interpreter, "-c", "import pyvips; print('.'.join(str(pyvips.version(part)) for part in range(3)))"], capture_output=True, text=True, check=True)
    rust = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.split()
    return {
        "Python": platform.python_version(), "awslambdaric": known["awslambdaric"], "boto3": known["boto3"], "Pillow": known["pillow"],
        "libvips": libvips.stdout.strip(), "rustc": rust[1] if len(rust) > 1 else "unknown",
    }


def real_roots(interpreter):
    """The file with the root certificates that botocore brings along."""
    found = subprocess.run([interpreter, "-c", "import botocore; print(botocore.__path__[0])"], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()) / "cacert.pem"


def python_zip(interpreter):
    """Bytes of a zip with the Python handler, awslambdaric and boto3, as it is deployed if their versions are pinned."""
    found = subprocess.run([interpreter, "-c", "import boto3, os; print(os.path.dirname(boto3.__path__[0]))"], capture_output=True, text=True, check=True)
    packages = Path(found.stdout.strip())
    modules = ["six.py", "snapshot_restore_py.py", *(path.name for path in packages.glob("runtime_client*"))]
    names = ["awslambdaric", "boto3", "botocore", "dateutil", "jmespath", "s3transfer", "simplejson", "urllib3", *modules]
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(ROOT / "tools" / "bench" / "baseline" / "handler.py", "handler.py")
        for name in names:
            path = packages / name
            for file in [path] if path.is_file() else sorted(path.rglob("*")):
                if file.is_file() and "__pycache__" not in file.parts:
                    archive.write(file, str(file.relative_to(packages)))
    return len(buffer.getvalue())


def _git(*arguments):
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True).stdout.strip()
