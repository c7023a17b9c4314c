"""Background processes and ports, with real ones."""

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

import ports
import processes
from processes import Process, started_at


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
        return self.process.start(["sh", "-c", script], dict(os.environ), "fingerprint")

    def test_stop_ends_it_and_what_it_started(self):
        child = self.start("sleep 60 & echo $!; wait")
        grandchild = self.first_line()

        self.assertTrue(self.process.stop())

        child.wait()
        self.assertTrue(self.ends(grandchild))
        self.assertIsNone(self.process.noted())

    def test_stop_ends_what_ignores_a_polite_word(self):
        child = self.start("trap '' TERM; echo $$; while :; do sleep 0.1; done")
        self.first_line()

        impatient = Process("server", patience=0.2)
        self.assertTrue(impatient.stop())

        self.assertEqual(child.wait(), -9)

    def test_a_kill_asks_nobody(self):
        child = self.start("trap '' TERM; sleep 60 & echo $!; wait")
        grandchild = self.first_line()
        threading.Thread(target=child.wait).start()

        self.assertTrue(self.process.kill())

        self.assertTrue(self.ends(grandchild))
        self.assertFalse(self.process.kill())

    def test_a_second_stop_finds_nothing(self):
        self.start("exit 0").wait()

        self.assertFalse(self.process.stop())

    def test_another_process_with_the_noted_pid_is_left_alone(self):
        note = {"pid": os.getpid(), "started": "1@another-boot", "fingerprint": ""}
        (self.folder / "server.pid.json").write_text(json.dumps(note))

        self.assertIsNone(self.process.noted())
        self.assertFalse(self.process.stop())

    def ends(self, pid):
        give_up = time.monotonic() + 5
        while started_at(pid) and time.monotonic() < give_up:
            time.sleep(0.01)
        return started_at(pid) is None

    def first_line(self):
        while not (self.folder / "server.log").read_text().endswith("\n"):
            time.sleep(0.01)
        return int((self.folder / "server.log").read_text())


class Ports(unittest.TestCase):
    def test_tells_a_taken_port_and_who_has_it(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            port = listener.getsockname()[1]

            self.assertFalse(ports.is_free(port))
            self.assertRegex(ports.owner(port), rf"PID {os.getpid()}$")

        self.assertTrue(ports.is_free(port))


if __name__ == "__main__":
    unittest.main()
