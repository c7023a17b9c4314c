"""Virtual environments for the Python programs of the tools."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def ensure(name, requirement):
    """Installs a pinned requirement such as `cfn-lint==1.58.0` in .local/venv-NAME if it is missing; returns the folder of its programs."""
    folder = ROOT / ".local" / f"venv-{name}"
    stamp, wanted = folder / "complete", f"{requirement} on Python {sys.version}"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"{name}: installing {requirement}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement], check=True)
        stamp.write_text(wanted)
    return folder / "bin"
