"""The zips of the functions."""

import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import package


class WriteZip(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        self.program = self.folder / "send-alert"
        self.program.write_bytes(b"#!/bin/sh\n" * 1000)

    def test_same_program_gives_the_same_bytes_at_any_time(self):
        first, second = self.folder / "first.zip", self.folder / "second.zip"

        package.write_zip(self.program, first)
        self.program.touch()
        package.write_zip(self.program, second)

        self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_zip_contains_one_executable_bootstrap(self):
        target = self.folder / "new folder" / "send-alert.zip"

        package.write_zip(self.program, target)

        with zipfile.ZipFile(target) as archive:
            [entry] = archive.infolist()
        self.assertEqual(entry.filename, "bootstrap")
        self.assertEqual(entry.external_attr >> 16, 0o100755)
        self.assertEqual([path.name for path in target.parent.iterdir()], ["send-alert.zip"])


if __name__ == "__main__":
    unittest.main()
