"""What is printed when tests have failed."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import run_tests


class TheStackSaw(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.logs = Path(scratch.name)

    def test_answers_are_counted_and_the_last_complaints_shown(self):
        answers = ["answered", "ThrottlingException", "answered"]
        (self.logs / "local-rekognition.log").write_text("\n".join(f'{{"message":"call","outcome":"{answer}"}}' for answer in answers))
        complaints = [f"2026-11-25 08:49:4{second} WARNING [s3] complaint {second}" for second in range(7)]
        (self.logs / "ministack.log").write_text("\n".join(["2026-11-25 08:49:00 INFO [s3] an ERROR in a key", *complaints]))

        said = run_tests.stack_saw(self.logs)

        self.assertIn("Rekognition: 2 answered, 1 ThrottlingException\n", said)
        self.assertIn("AWS: 7 complaints, the last of them:\n", said)
        self.assertEqual(said.splitlines()[-5:], complaints[2:])

    def test_a_stack_that_never_ran_is_no_error(self):
        self.assertIn("AWS: 0 complaints", run_tests.stack_saw(self.logs / "none"))


if __name__ == "__main__":
    unittest.main()
