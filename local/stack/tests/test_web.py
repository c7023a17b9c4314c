"""The accounts and the front door of the page."""

import json
import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

STACK = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(STACK), str(STACK.parents[1] / "tools")]

import config
import deployment
import web

OUTPUTS = {
    "sightline-stateful": {"UserPoolId": "eu-west-1_pool", "MediaSecretArn": "arn:secret", "ImagesBucketName": "images"},
    "sightline-web": {"ApiId": "api", "PageConfig": json.dumps({"issuer": "https://issuer/pool", "authorize": "https://sign-in/oauth2/authorize", "clientId": "page"})},
}


class Accounts(unittest.TestCase):
    def test_passwords_have_the_length_that_the_user_pool_requires(self):
        for account in web.ACCOUNTS.values():
            self.assertGreaterEqual(len(account["password"]), 12)


class FrontDoor(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.object(config, "LOCAL", Path(folder)))
        self.enterContext(mock.patch.object(deployment, "outputs_of", lambda _: OUTPUTS))
        self.enterContext(mock.patch.object(deployment, "call_aws", lambda *_: {"SecretString": "a secret"}))
        self.enterContext(mock.patch.dict(os.environ, {config.WEB_PORT_VARIABLE: "5568"}))

    def test_the_page_gets_addresses_of_this_machine_but_the_issuer_of_its_tokens(self):
        page = web._front_door("sightline")["page"]

        self.assertEqual((page["issuer"], page["clientId"]), ("https://issuer/pool", "page"))
        for name in ("accounts", "authorize", "token", "logout"):
            self.assertTrue(page[name].startswith("http://127.0.0.1:"), name)

    def test_only_this_user_can_read_the_secret_of_the_picture_links(self):
        web.write_front_doors(["sightline"])(None)
        file = web.front_door_file("sightline")

        self.assertEqual(stat.S_IMODE(file.stat().st_mode), 0o600)
        self.assertEqual(json.loads(file.read_text())["port"], 5568)


if __name__ == "__main__":
    unittest.main()
