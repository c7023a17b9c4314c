"""What is deployed is noted in the emulator itself, as parameters of its SSM: so a note lives exactly as long as what it speaks of."""

import json
import urllib.error
import urllib.request

import environment
import places
import servers
from errors import StackError

FOLDER = "/local-stack/"


def read(name):
    """The note of this name; None where there is none, or no emulator."""
    try:
        return _call("GetParameter", {"Name": FOLDER + name})["Parameter"]["Value"]
    except (urllib.error.URLError, OSError):
        return None


def write(name, text):
    """Makes or replaces a note."""
    try:
        _call("PutParameter", {"Name": FOLDER + name, "Value": text, "Type": "String", "Overwrite": True})
    except (urllib.error.URLError, OSError) as error:
        raise StackError(f"The local AWS took no note of what was deployed ({error}); its output: {servers.aws().process.log}") from None


def _call(operation, body):
    request = urllib.request.Request(
        environment.endpoints()["AWS_ENDPOINT_URL"],
        json.dumps(body).encode(),
        {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"AmazonSSM.{operation}",
            # The emulator checks no signature, but reads account and region here.
            "Authorization": f"AWS4-HMAC-SHA256 Credential=test/20260101/{places.REGION}/ssm/aws4_request, SignedHeaders=host, Signature=none",
        },
    )
    with servers.LOOPBACK.open(request, timeout=10) as answer:
        return json.load(answer)
