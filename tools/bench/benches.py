"""Section `benches`: Criterion's benches of the parts that an image spends its CPU time in."""

import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RESULT = re.compile(r"^(\S.*?)\s+time:\s+\[(.+?) (\S+) (.+?) (\S+) (.+?) (\S+)\]$", re.M)
# Without this, cargo would build the AWS SDK again, optimised: the profile `dev` optimises only the crates that work on pixels.
DEVELOPMENT = {"inspect-image": ["--workspace", "--profile", "dev"]}


def measure(say):
    """The median of each bench, with its confidence interval."""
    found = []
    for package, names in benches().items():
        say(f"benches: {package}: {', '.join(names)}")
        selected = [part for name in names for part in ("--bench", name)]
        command = ["cargo", "bench", "--quiet", "--locked", *DEVELOPMENT.get(package, ["-p", package]), *selected]
        ran = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True)
        found += read(ran.stdout)
    return found


def benches():
    """The names of the benches by package."""
    found = {}
    for manifest in sorted([*ROOT.glob("crates/*/Cargo.toml"), *ROOT.glob("functions/*/Cargo.toml")]):
        package = tomllib.loads(manifest.read_text("utf-8"))
        if "bench" in package:
            found[package["package"]["name"]] = [bench["name"] for bench in package["bench"]]
    return found


def read(output):
    """The results in Criterion's output. A long name has its times on the next line."""
    return [
        {"name": name, "shown": f"{middle} {unit} ({low} {low_unit} to {high} {high_unit})"}
        for name, low, low_unit, middle, unit, high, high_unit in RESULT.findall(output)
    ]
