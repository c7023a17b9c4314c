"""What the build steps compile."""

import subprocess
import sys
import unittest
from pathlib import Path

STACK = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(STACK), str(STACK.parents[1] / "tools")]

import build
from config import ROOT


def features(selection, edges):
    """The features of each dependency, by name and version, as cargo resolves them for these packages."""
    command = ["cargo", "tree", "--locked", "--prefix", "none", "--format", "{p}|{f}", "--edges", edges, *selection]
    lines = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    resolved = {}
    for line in lines:
        package, _, list_of_features = line.replace(" (*)", "").partition("|")
        if package:
            resolved.setdefault(" ".join(package.split()[:2]), set()).add(list_of_features)
    return resolved


class Programs(unittest.TestCase):
    def test_tests_need_no_other_features_than_the_demo_so_that_nothing_is_compiled_twice(self):
        demo = features(build.program_packages(), "normal,build")
        tests = features(["--workspace"], "normal,build,dev")

        different = {name: (demo[name], tests.get(name)) for name in demo if not demo[name] & tests.get(name, set())}
        self.assertEqual(different, {})
