"""What programs are told of the local stack, and of nothing else."""

import os
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import doctor
import environment
import places
from errors import StackError

REAL = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "secret", "AWS_REGION": "us-east-1", "RUST_LOG": "trace", "PATH": "/usr/bin"}


class Environment(unittest.TestCase):
    def test_a_client_never_gets_a_real_account(self):
        with mock.patch.dict(os.environ, REAL, clear=True):
            client = environment.client()

        self.assertNotIn("AWS_PROFILE", client)
        self.assertNotIn("AWS_SESSION_TOKEN", client)
        self.assertEqual((client["AWS_REGION"], client["AWS_ACCESS_KEY_ID"]), ("eu-west-1", "test"))

    def test_servers_inherit_nothing_that_would_reach_the_functions(self):
        with mock.patch.dict(os.environ, REAL, clear=True):
            servers = environment.for_servers()

        self.assertNotIn("RUST_LOG", servers)
        self.assertNotIn("AWS_PROFILE", servers)
        self.assertEqual(servers["PATH"], "/usr/bin")

    def test_keeps_the_hosts_that_need_no_proxy(self):
        with mock.patch.dict(os.environ, {"NO_PROXY": "intranet"}, clear=True):
            self.assertEqual(environment.endpoints()["NO_PROXY"], "intranet,127.0.0.1")

    def test_ports_come_from_the_environment(self):
        with mock.patch.dict(os.environ, {places.AWS_PORT_VARIABLE: "5566"}):
            self.assertEqual(environment.endpoints()["AWS_ENDPOINT_URL"], "http://127.0.0.1:5566")

    def test_a_port_that_is_none_is_named(self):
        for value in ("0", "65536", "http", "-1", "٣"):
            with mock.patch.dict(os.environ, {places.AWS_PORT_VARIABLE: value}), self.assertRaisesRegex(StackError, places.AWS_PORT_VARIABLE):
                places.aws_port()


class Doctor(unittest.TestCase):
    def test_compares_versions_by_number(self):
        found = doctor._program("Rust", ["echo", "rustc 1.100.0 (abc 2030-01-01)"], (1, 94, 1), "hint")

        self.assertTrue(found.well)

    def test_says_how_to_mend_what_is_missing_or_old(self):
        for command in (["no-such-program"], ["false"], ["echo", "v18.20.1"]):
            finding = doctor._program("Node.js", command, (20, 19), "Install Node.js.")

            self.assertEqual(doctor.missing([finding]), [finding])
            self.assertIn("Install Node.js.", doctor.line(finding))

    def test_what_only_tests_need_does_not_stop_the_demo(self):
        finding = doctor._program("cargo-nextest", ["no-such-program"], None, "hint", "make test")

        self.assertEqual(doctor.missing([finding], everything=False), [])


if __name__ == "__main__":
    unittest.main()
