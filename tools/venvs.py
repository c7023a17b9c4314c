"""Virtual environments for the Python programs of the tools."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def ensure(name, requirement):
    """Installs a pinned requirement such as `cfn-lint==1.58.0`, or the path of a file of them, in .local/venv-NAME if it is missing.

    Returns the folder of its programs.
    """
    is_file = isinstance(requirement, Path)
    folder = ROOT / ".local" / f"venv-{name}"
    stamp, wanted = folder / "complete", f"{requirement.read_text('utf-8') if is_file else requirement} on Python {sys.version}"
    if not stamp.exists() or stamp.read_text() != wanted:
        print(f"{name}: installing {requirement.relative_to(ROOT) if is_file else requirement}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *(["-r", requirement] if is_file else [requirement])], check=True)
        stamp.write_text(wanted)
    return folder / "bin"
