"""The summary of the local stack that is printed if tests fail."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import run_tests


class StackSummary(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.logs = Path(scratch.name)

    def test_outcomes_are_counted_and_the_last_warnings_shown(self):
        answers = ["answered", "ThrottlingException", "answered"]
        (self.logs / "local-rekognition.log").write_text("\n".join(f'{{"message":"call","outcome":"{answer}"}}' for answer in answers))
        warnings = [f"2026-11-25 08:49:4{second} WARNING [s3] warning {second}" for second in range(7)]
        (self.logs / "ministack.log").write_text("\n".join(["2026-11-25 08:49:00 INFO [s3] an ERROR in a key", *warnings]))

        summary = run_tests.stack_summary(self.logs)

        self.assertIn("Rekognition: 2 answered, 1 ThrottlingException\n", summary)
        self.assertIn("AWS: 7 warnings, the last ones:\n", summary)
        self.assertEqual(summary.splitlines()[-5:], warnings[2:])

    def test_missing_logs_are_not_an_error(self):
        self.assertIn("AWS: 0 warnings", run_tests.stack_summary(self.logs / "none"))


if __name__ == "__main__":
    unittest.main()
