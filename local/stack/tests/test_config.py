"""Environments of programs, ports, and the checks of the machine."""

import os
import sys
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import config
import doctor
from config import StackError

REAL = {"AWS_PROFILE": "work", "AWS_SESSION_TOKEN": "secret", "AWS_REGION": "us-east-1", "RUST_LOG": "trace", "PATH": "/usr/bin"}


class Environments(unittest.TestCase):
    def test_client_environment_has_no_variables_of_a_real_account(self):
        with mock.patch.dict(os.environ, REAL, clear=True):
            client = config.client_environment()

        self.assertNotIn("AWS_PROFILE", client)
        self.assertNotIn("AWS_SESSION_TOKEN", client)
        self.assertEqual((client["AWS_REGION"], client["AWS_ACCESS_KEY_ID"]), ("eu-west-1", "test"))

    def test_only_a_shell_gets_the_owner_of_the_demo(self):
        with mock.patch.dict(os.environ, {config.OWNER_VARIABLE: "ann"}):
            self.assertNotIn(config.OWNER_VARIABLE, config.client_environment())
        self.assertIn(f"export {config.OWNER_VARIABLE}=ann", config.shell_lines("ann"))
        self.assertNotIn(config.OWNER_VARIABLE, "\n".join(config.shell_lines(None)))

    def test_server_environment_has_no_variables_that_would_reach_the_functions(self):
        with mock.patch.dict(os.environ, REAL, clear=True):
            servers = config.server_environment()

        self.assertNotIn("RUST_LOG", servers)
        self.assertNotIn("AWS_PROFILE", servers)
        self.assertEqual(servers["PATH"], "/usr/bin")

    def test_hosts_without_proxy_are_kept(self):
        with mock.patch.dict(os.environ, {"NO_PROXY": "intranet"}, clear=True):
            self.assertEqual(config.endpoints()["NO_PROXY"], "intranet,127.0.0.1")

    def test_port_is_read_from_the_environment(self):
        with mock.patch.dict(os.environ, {config.AWS_PORT_VARIABLE: "5566"}):
            self.assertEqual(config.endpoints()["AWS_ENDPOINT_URL"], "http://127.0.0.1:5566")

    def test_invalid_port_is_reported_with_its_variable(self):
        for value in ("0", "65536", "http", "-1", "٣"):
            with mock.patch.dict(os.environ, {config.AWS_PORT_VARIABLE: value}), self.assertRaisesRegex(StackError, config.AWS_PORT_VARIABLE):
                config.aws_port()


class Doctor(unittest.TestCase):
    def test_versions_are_compared_by_number(self):
        finding = doctor._program("Rust", ["echo", "rustc 1.100.0 (abc 2030-01-01)"], (1, 94, 1), "hint")

        self.assertTrue(finding.is_ok)

    def test_missing_or_old_program_is_reported_with_a_hint(self):
        for command in (["no-such-program"], ["false"], ["echo", "v18.20.1"]):
            finding = doctor._program("Node.js", command, (20, 19), "Install Node.js.")

            self.assertEqual(doctor.missing([finding]), [finding])
            self.assertIn("Install Node.js.", doctor.format_finding(finding))

    def test_program_that_only_tests_need_is_not_required_for_the_demo(self):
        finding = doctor._program("cargo-nextest", ["no-such-program"], None, "hint", "make test")

        self.assertEqual(doctor.missing([finding], for_tests=False), [])


if __name__ == "__main__":
    unittest.main()
