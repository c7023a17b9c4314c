"""Tests with real background processes and ports."""

import json
import os
import socket
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import processes
from processes import Process, is_port_free, port_owner, started_at


class Processes(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        for name in ("LOCAL", "LOGS"):
            patched = mock.patch.object(processes, name, self.folder)
            patched.start()
            self.addCleanup(patched.stop)
        self.process = Process("server")
        self.addCleanup(self.process.stop)

    def start(self, script):
        return self.process.start(["sh", "-c", script], dict(os.environ), "fingerprint", 4566)

    def test_stop_ends_the_process_and_its_children(self):
        child = self.start("sleep 60 & echo $!; wait")
        grandchild = self.first_line()

        self.assertTrue(self.process.stop())

        child.wait()
        self.assertTrue(self.has_ended(grandchild))
        self.assertIsNone(self.process.record())

    def test_stop_kills_a_process_that_ignores_sigterm(self):
        child = self.start("trap '' TERM; echo $$; while :; do sleep 0.1; done")
        self.first_line()

        self.assertTrue(Process("server", seconds_before_kill=0.2).stop())

        self.assertEqual(child.wait(), -9)

    def test_kill_ends_the_process_and_its_children_at_once(self):
        child = self.start("trap '' TERM; sleep 60 & echo $!; wait")
        grandchild = self.first_line()
        threading.Thread(target=child.wait).start()

        self.assertTrue(self.process.kill())

        self.assertTrue(self.has_ended(grandchild))
        self.assertFalse(self.process.kill())

    def test_stop_of_an_ended_process_returns_false(self):
        self.start("exit 0").wait()

        self.assertFalse(self.process.stop())

    def test_another_process_with_the_recorded_pid_is_not_stopped(self):
        record = {"pid": os.getpid(), "started": "1@another-boot", "fingerprint": ""}
        (self.folder / "server.pid.json").write_text(json.dumps(record))

        self.assertIsNone(self.process.record())
        self.assertFalse(self.process.stop())

    def has_ended(self, pid):
        deadline = time.monotonic() + 5
        while started_at(pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        return started_at(pid) is None

    def first_line(self):
        while not (self.folder / "server.log").read_text().endswith("\n"):
            time.sleep(0.01)
        return int((self.folder / "server.log").read_text())


class Ports(unittest.TestCase):
    def test_used_port_is_reported_with_its_owner(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]

            self.assertFalse(is_port_free(port))
            self.assertRegex(port_owner(port), rf"PID {os.getpid()}$")

        self.assertTrue(is_port_free(port))


if __name__ == "__main__":
    unittest.main()
