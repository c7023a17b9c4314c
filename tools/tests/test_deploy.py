"""The checks of `make deploy`, with a server that answers like AWS."""

import json
import os
import subprocess
import sys
import threading
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

TOOLS = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOOLS))

import deploy
import preflight
import venvs

DENIED = (400, {"__type": "AccessDeniedException", "message": "not allowed"})


class Usage(unittest.TestCase):
    def test_without_terminal_the_flag_to_pass_is_named(self):
        for arguments in ([], ["--profile", "work"], ["--require-approval", "broadening"], ["--require-approval=any-change"]):
            self.assertIn("CDK_FLAGS='--require-approval never'", deploy.usage_problem(arguments, {}, has_terminal=False), arguments)

    def test_without_terminal_an_approval_flag_is_enough(self):
        for arguments in (["--require-approval", "never"], ["--require-approval=never", "-c", "name=photos"], ["-y"], ["--yes"]):
            self.assertIsNone(deploy.usage_problem(arguments, {}, has_terminal=False), arguments)

    def test_with_terminal_no_approval_flag_is_needed(self):
        self.assertIsNone(deploy.usage_problem([], {}, has_terminal=True))

    def test_shell_of_the_local_stack_is_rejected(self):
        self.assertIn("AWS_ENDPOINT_URL_S3", deploy.usage_problem(["-y"], {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:1"}, has_terminal=True))


class ReleaseId(unittest.TestCase):
    def test_release_id_is_added_unless_one_was_passed(self):
        self.assertEqual(deploy.with_release_id(["-c", "name=photos"], "r1"), ["-c", "name=photos", "-c", "release-id=r1"])
        self.assertEqual(deploy.with_release_id(["-c", "release-id=mine"], "r1"), ["-c", "release-id=mine"])
        self.assertEqual(deploy.with_release_id(["--context=release-id=mine"], "r1"), ["--context=release-id=mine"])
        self.assertEqual(deploy.with_release_id([], ""), [])


class Region(unittest.TestCase):
    def test_region_is_chosen_as_cdk_does(self):
        self.assertEqual(preflight.region_of({"AWS_DEFAULT_REGION": "a", "AWS_REGION": "b"}, "c"), "b")
        self.assertEqual(preflight.region_of({"AWS_DEFAULT_REGION": "a"}, "c"), "a")
        self.assertEqual(preflight.region_of({"AWS_REGION": ""}, "c"), "c")
        self.assertEqual(preflight.region_of({}, None), "us-east-1")


class Account(unittest.TestCase):
    """Runs tools/preflight.py as `make deploy` does."""

    @classmethod
    def setUpClass(cls):
        cls.python = venvs.ensure("deploy", deploy.BOTO3) / "python"

    def setUp(self):
        self.answers = {
            "GetCallerIdentity": (200, sts()),
            "GetParameter": (200, {"Parameter": {"Name": "n", "Value": "30"}}),
            "DescribeStacks": (200, stack("UPDATE_COMPLETE")),
            "ListServiceQuotas": (200, {"Quotas": [{"QuotaName": "Transactions per second per account for the Amazon Rekognition Image operation DetectLabels", "Value": 50.0}]}),
            "account-settings": (200, {"AccountLimit": {"ConcurrentExecutions": 1000}}),
        }
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self.answers))
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def run_preflight(self, *arguments, region="eu-west-1", **environment):
        plain = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        credentials = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
        redirect = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server.server_port}", "AWS_REGION": region}
        return subprocess.run([self.python, TOOLS / "preflight.py", *arguments], env=plain | credentials | redirect | environment, capture_output=True, text=True)

    def assert_problem(self, ran, sentence):
        self.assertEqual((ran.returncode, ran.stdout), (1, ""))
        self.assertIn(sentence, ran.stderr)
        self.assertNotIn("Traceback", ran.stderr)

    def test_good_account_has_no_problem_and_no_release_id(self):
        ran = self.run_preflight()
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr), (0, "", "deploy: account 123456789012, region eu-west-1\n"))

    def test_rejected_credentials_are_reported_with_what_to_do(self):
        self.answers["GetCallerIdentity"] = (403, error_xml("ExpiredToken"))
        self.assert_problem(self.run_preflight(), "AWS rejected the credentials of this shell (ExpiredToken). Sign in")

    def test_missing_credentials_are_reported(self):
        self.assert_problem(self.run_preflight(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY=""), "AWS rejected the credentials of this shell")

    def test_missing_profile_is_named(self):
        self.assert_problem(self.run_preflight("--profile", "nobody"), "nobody")

    def test_region_without_rekognition_is_reported_with_the_available_ones(self):
        ran = self.run_preflight(region="eu-north-1")
        self.assert_problem(ran, "Rekognition is not available in eu-north-1.")
        self.assertIn("eu-west-1", ran.stderr)

    def test_missing_bootstrap_is_reported_with_the_command(self):
        self.answers["GetParameter"] = (400, {"__type": "ParameterNotFound"})
        self.assert_problem(self.run_preflight(), "make bootstrap CDK_FLAGS='aws://123456789012/eu-west-1")

    def test_denied_reads_do_not_stop_the_deployment(self):
        for name in ("GetParameter", "ListServiceQuotas", "account-settings"):
            self.answers[name] = DENIED
        self.answers["DescribeStacks"] = (403, error_xml("AccessDenied"))
        ran = self.run_preflight()
        self.assertEqual((ran.returncode, ran.stdout, ran.stderr.count("could not ")), (0, "", 5), ran.stderr)

    def test_small_quotas_are_reported_with_their_effect(self):
        self.answers["account-settings"] = (200, {"AccountLimit": {"ConcurrentExecutions": 10}})
        self.answers["ListServiceQuotas"][1]["Quotas"][0]["Value"] = 5.0
        ran = self.run_preflight()
        self.assertEqual(ran.returncode, 0)
        self.assertIn("at most 10 functions at once", ran.stderr)
        self.assertIn("at most 5 DetectLabels calls a second", ran.stderr)

    def test_first_deployment_needs_no_release_id(self):
        self.answers["DescribeStacks"] = (400, error_xml("ValidationError"))
        self.assertEqual(self.run_preflight().stdout, "")

    def test_release_id_stays_until_a_deployment_is_rolled_back(self):
        self.answers["DescribeStacks"] = (200, stack("UPDATE_COMPLETE", "2026-01-01T00:00:00Z"))
        self.assertEqual(self.run_preflight().stdout, "2026-01-01T00:00:00Z")
        self.answers["DescribeStacks"] = (200, stack("UPDATE_ROLLBACK_COMPLETE", "2026-01-01T00:00:00Z"))
        ran = self.run_preflight()
        self.assertEqual(ran.stdout, "2026-11-25T23:41:07Z")
        self.assertIn("sightline-stateless and sightline-web was rolled back", ran.stderr)

    def test_rollback_of_the_web_stack_alone_needs_a_new_release_id(self):
        self.answers["DescribeStacks sightline-web"] = (200, stack("UPDATE_ROLLBACK_COMPLETE"))
        self.answers["DescribeStacks"] = (200, stack("UPDATE_COMPLETE", "2026-01-01T00:00:00Z"))
        ran = self.run_preflight()
        self.assertEqual(ran.stdout, "2026-11-25T23:41:07Z")
        self.assertIn("the last deployment of sightline-web was rolled back", ran.stderr)

    def test_deployment_without_the_page_has_no_web_stack(self):
        self.answers["DescribeStacks sightline-web"] = (400, error_xml("ValidationError"))
        self.answers["DescribeStacks"] = (200, stack("UPDATE_COMPLETE", "2026-01-01T00:00:00Z"))
        ran = self.run_preflight()
        self.assertEqual((ran.stdout, ran.stderr.count("could not ")), ("2026-01-01T00:00:00Z", 0), ran.stderr)

    def test_stack_has_the_name_of_the_deployment(self):
        self.answers["DescribeStacks"] = (200, stack("UPDATE_ROLLBACK_COMPLETE"))
        self.assertIn("photos-stateless and photos-web was rolled back", self.run_preflight("-c", "name=photos").stderr)


def sts():
    return "<GetCallerIdentityResponse><GetCallerIdentityResult><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>"


def stack(status, release_id=None):
    output = f"<Outputs><member><OutputKey>ReleaseId</OutputKey><OutputValue>{release_id}</OutputValue></member></Outputs>" if release_id else ""
    facts = f"<StackName>s</StackName><StackStatus>{status}</StackStatus><CreationTime>2026-01-01T00:00:00Z</CreationTime><LastUpdatedTime>2026-11-25T23:41:07.123Z</LastUpdatedTime>{output}"
    return f"<DescribeStacksResponse><DescribeStacksResult><Stacks><member>{facts}</member></Stacks></DescribeStacksResult></DescribeStacksResponse>"


def error_xml(code):
    return f"<ErrorResponse><Error><Code>{code}</Code><Message>m</Message></Error></ErrorResponse>"


def handler(answers):
    """A handler that answers each operation, or each operation on one stack: a string as XML, everything else as JSON."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            form = parse_qs(body)
            operation = self.headers.get("X-Amz-Target", "").rpartition(".")[2] or form["Action"][0]
            of_stack = f"{operation} {form['StackName'][0]}" if "StackName" in form else operation
            self.answer(of_stack if of_stack in answers else operation)

        def do_GET(self):
            self.answer(self.path.strip("/").rpartition("/")[2])

        def answer(self, operation):
            status, content = answers[operation]
            data = (content if isinstance(content, str) else json.dumps(content)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    unittest.main()
