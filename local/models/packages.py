"""Downloads registry packages with their own clients (npm, pip), and extracts files from them."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path


class SetupError(Exception):
    """A failure, as one sentence for the user."""


def sha256(path):
    """The file's sha256 in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(package, downloads):
    """Downloads the package's archive to `downloads` unless it is already there, and checks it against the manifest."""
    archive = _archive(package)
    path = downloads / archive["file"]
    if path.exists() and sha256(path) == archive["sha256"]:
        return path
    with tempfile.TemporaryDirectory(dir=downloads) as scratch:
        command = {"npm": _npm, "pypi": _pip}[package["registry"]](package, archive, scratch)
        _run(command, package, scratch)
        fetched = Path(scratch) / archive["file"]
        if not fetched.exists():
            raise SetupError(f"{package['name']} {package['version']} was not downloaded as {archive['file']}: has the package changed?")
        if sha256(fetched) != archive["sha256"]:
            raise SetupError(f"the checksum of {archive['file']} differs from manifest.json: it is not the reviewed file and is not used.")
        os.replace(fetched, path)
    return path


def extract(archive, names, target):
    """Extracts the named files of an archive (wheel or npm tgz) to `target`; returns their paths in the same order."""
    paths = []
    opened = zipfile.ZipFile(archive) if archive.suffix == ".whl" else tarfile.open(archive)
    with opened:
        for index, name in enumerate(names):
            path = Path(target) / f"{index}-{Path(name).name}"
            source = opened.open(name) if isinstance(opened, zipfile.ZipFile) else opened.extractfile(name)
            with source, open(path, "wb") as file:
                shutil.copyfileobj(source, file)
            paths.append(path)
    return paths


def machine():
    """The key of this machine in the manifest, e.g. `linux-x86_64`."""
    return f"{platform.system().lower()}-{platform.machine().lower()}"


def for_machine(entry, what):
    """An entry of the manifest or, if it depends on the machine, this machine's part of it."""
    if "machines" not in entry:
        return entry
    part = entry["machines"].get(machine())
    if part is None:
        raise SetupError(f"{what} is only available for {' and '.join(sorted(entry['machines']))}; this machine is {machine()}.")
    return part


def _archive(package):
    return for_machine(package["archive"], f"{package['name']} {package['version']}")


def _npm(package, _archive, scratch):
    return ["npm", "pack", "--loglevel=error", "--pack-destination", scratch, f"{package['name']}@{package['version']}"]


def _pip(package, archive, scratch):
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--dest", scratch]
    if "platform" in archive:
        command += ["--platform", archive["platform"], "--python-version", archive["python"]]
    return [*command, f"{package['name']}=={package['version']}"]


def _run(command, package, scratch):
    try:
        result = subprocess.run(command, cwd=scratch, capture_output=True, text=True, timeout=600)
    except FileNotFoundError:
        raise SetupError(f"{command[0]} is not installed: it is needed to download {package['name']}.") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{package['name']} {package['version']} was not downloaded from {package['registry']} within ten minutes; try again.") from None
    if result.returncode != 0:
        reasons = [line for line in result.stderr.strip().splitlines() if line.strip() and "log of this run" not in line]
        last = reasons[-1] if reasons else "no reason given"
        raise SetupError(f"{package['name']} {package['version']} could not be downloaded from {package['registry']} (is the registry reachable?): {last.strip()}")
