"""Which server of which checkout runs on a port."""

import contextlib
import io
import os
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

STACK = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(STACK), str(STACK.parents[1] / "tools")]

import commands
import config
import processes
import servers
from servers import Server

SCRIPT = """
import http.server, sys
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Health)
print(server.server_port, flush=True)
server.serve_forever()
"""


def server(port):
    return Server("server", port, "SIGHTLINE_AWS_PORT", "/health", 5, 1)


@contextlib.contextmanager
def checkout(folder):
    """The launcher as it is in another checkout, whose .local is `folder`."""
    with mock.patch.object(processes, "LOCAL", folder), mock.patch.object(processes, "LOGS", folder), mock.patch.object(config, "LOCAL", folder):
        yield


class States(unittest.TestCase):
    def setUp(self):
        scratch = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.ours, self.theirs = scratch / "ours", scratch / "theirs"
        self.ours.mkdir(), self.theirs.mkdir()

    def start(self):
        """Starts a server in the other checkout; returns its port."""
        with checkout(self.theirs):
            process = server(0).process
            child = process.start([sys.executable, "-c", SCRIPT], dict(os.environ), "", 0)
            self.addCleanup(child.wait)
            self.addCleanup(process.kill)
            while not (text := process.tail()):
                time.sleep(0.01)
            # The record names the port that the server got.
            record = self.theirs / "server.pid.json"
            record.write_text(record.read_text().replace('"port": 0', f'"port": {int(text)}'))
        return int(text)

    def test_a_server_of_another_checkout_is_not_ours(self):
        port = self.start()
        with checkout(self.ours):
            self.assertTrue(server(port).is_healthy())
            self.assertFalse(server(port).is_up())
            self.assertEqual(server(port).state(), "not running")
        with checkout(self.theirs):
            self.assertTrue(server(port).is_up())
            self.assertRegex(server(port).state(), rf"^running on port {port}, PID \d+$")

    def test_a_server_on_another_port_is_named(self):
        port = self.start()
        with checkout(self.theirs):
            self.assertFalse(server(1).is_up())
            self.assertRegex(server(1).state(), rf"^running on port {port}, PID \d+, but this shell asks for port 1 \(SIGHTLINE_AWS_PORT\)$")

    def test_forgetting_deletes_the_state_of_all_ports(self):
        for name in ("ministack-4566", "ministack-5566", "logs"):
            (self.ours / name).mkdir()
        arguments = mock.Mock(forget=True)
        with checkout(self.ours), contextlib.redirect_stderr(io.StringIO()) as printed:
            self.assertEqual(commands.down(arguments), 0)
        self.assertIn("Deleted its images", printed.getvalue())
        self.assertEqual(sorted(path.name for path in self.ours.iterdir()), ["lock", "logs"])


if __name__ == "__main__":
    unittest.main()
