"""Order, failure and output of steps."""

import contextlib
import io
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import steps
from config import StackError
from steps import Progress, Step


class Steps(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="with space ")
        self.addCleanup(scratch.cleanup)
        logs = mock.patch.object(steps, "LOGS", Path(scratch.name))
        logs.start()
        self.addCleanup(logs.stop)

    def perform(self, *listed):
        output = io.StringIO()
        with mock.patch.object(steps, "Progress", lambda: Progress(output)), contextlib.redirect_stderr(output):
            steps.perform(listed)
        return output.getvalue()

    def test_step_waits_for_its_dependencies(self):
        order = []
        slow = Step("slow", lambda _: (time.sleep(0.05), order.append("slow"))[1])
        last = Step("last", lambda _: order.append("last"), after=["slow"])

        self.perform(slow, last)

        self.assertEqual(order, ["slow", "last"])

    def test_independent_steps_run_in_parallel(self):
        meeting = threading.Barrier(2, timeout=5)

        self.perform(Step("one", lambda _: meeting.wait() and None), Step("two", lambda _: meeting.wait() and None))

    def test_failure_shows_the_output_and_stops_the_other_steps(self):
        long = Step("long", lambda step: step.run(["sleep", "60"]))
        wrong = Step("wrong", lambda step: step.run(["sh", "-c", "sleep 0.2; echo the reason; exit 7"]))
        never = Step("never", lambda _: self.fail("a step ran although its dependency failed"), after=["wrong"])
        started = time.monotonic()

        with self.assertRaisesRegex(StackError, r"(?s)the reason.*wrong failed: `sh` ended with code 7"):
            self.perform(long, wrong, never)

        self.assertLess(time.monotonic() - started, 10)

    def test_name_and_detail_of_each_step_are_printed(self):
        output = self.perform(Step("zips", lambda _: "3 changed"))

        self.assertRegex(output, r"✓ zips +0\.\d s  3 changed\n")


if __name__ == "__main__":
    unittest.main()
