"""Checks the requirements of this machine, and says what to install."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from config import ROOT, binary, browser

GIGABYTE = 1e9


@dataclass(frozen=True)
class Finding:
    """The result of one check. `hint` is one sentence on what to install; `only_for` names the only command that needs it, if there is one."""

    name: str
    found: str
    is_ok: bool
    hint: str
    only_for: str = ""


def examine():
    """All findings, in the order in which a new user should act on them."""
    return [
        _program("Rust", ["rustc", "--version"], (1, 94, 1), "Install Rust 1.94.1 or later: https://rustup.rs, or `rustup update stable`."),
        _program("cargo", ["cargo", "--version"], (1, 94, 1), "Install cargo with Rust: https://rustup.rs."),
        _program("C compiler", [os.environ.get("CC") or "cc", "--version"], None, "Install a C compiler and binutils: `sudo apt-get install build-essential`."),
        _program("strip", ["strip", "--version"], None, "Install binutils: `sudo apt-get install binutils`."),
        _program("Node.js", ["node", "--version"], (20, 19), "Install Node.js 20.19 or later: https://nodejs.org."),
        _program("npm", ["npm", "--version"], None, "Install npm, which comes with Node.js: https://nodejs.org."),
        _python(),
        _venv(),
        _disk(),
        _memory(),
        _browser(),
        _program("cargo-nextest", ["cargo", "nextest", "--version"], None, "Install it: `cargo install cargo-nextest --locked`.", "make test"),
    ]


def missing(findings, for_tests=True):
    """The findings that are not OK; without `for_tests`, only those that every command needs."""
    return [finding for finding in findings if not finding.is_ok and (for_tests or not finding.only_for)]


def format_finding(finding):
    """A finding as text: one line, and the hint if it is not OK."""
    needed = f" (only needed for `{finding.only_for}`)" if finding.only_for else ""
    text = f"{'✓' if finding.is_ok else '✗'} {finding.name:<14} {finding.found}"
    return text if finding.is_ok else f"{text}{needed}\n    {finding.hint}"


def _program(name, command, minimum, hint, only_for=""):
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    except (OSError, subprocess.CalledProcessError):
        return Finding(name, "not found", False, hint, only_for)
    first_line = ran.stdout.splitlines()[0] if ran.stdout else ""
    return Finding(name, first_line, minimum is None or _version(first_line) >= minimum, hint, only_for)


def _version(text):
    number = re.search(r"\d+(\.\d+)+", text)
    return tuple(int(part) for part in number.group().split(".")) if number else ()


def _browser():
    found = browser()
    is_installed = os.geteuid() == 0 and shutil.which("apt-get")
    hint = "Install it: `sudo apt-get install --no-install-recommends chromium`."
    return Finding("Chromium", found or ("not found; `make test` installs it" if is_installed else "not found"), bool(found or is_installed), hint, "make test")


def _python():
    version = ".".join(str(part) for part in sys.version_info[:3])
    return Finding("Python", version, sys.version_info >= (3, 11), "Install Python 3.11 or later, so that `python3` in PATH runs it.")


def _venv():
    ran = subprocess.run([sys.executable, "-c", "import venv, ensurepip"], capture_output=True)
    return Finding("Python venv", "found" if ran.returncode == 0 else "not found", ran.returncode == 0, "Install it: `sudo apt-get install python3-venv`.")


def _disk():
    needed = 1 if binary("local-rekognition").exists() else 8
    free = shutil.disk_usage(ROOT).free / GIGABYTE
    return Finding("disk", f"{free:.0f} GB free, {needed} GB needed", free >= needed, f"Free some space: the build, the models and the packages need {needed} GB.")


def _memory():
    try:
        kilobytes = int(re.search(r"MemAvailable:\s+(\d+)", Path("/proc/meminfo").read_text()).group(1))
    except (OSError, AttributeError):
        return Finding("memory", "unknown: this is not Linux", False, "The local stack runs on Linux; on other systems, use a Linux virtual machine.")
    free = kilobytes * 1024 / GIGABYTE
    return Finding("memory", f"{free:.1f} GB available, 3 GB needed", free >= 3 or binary("local-rekognition").exists(), "Close other programs: the build takes up to 3 GB.")
