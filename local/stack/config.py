"""Paths and ports of the local stack, and the environment variables that its programs get."""

import os
import shlex
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / "cdk"
WEB = ROOT / "web"
FUNCTIONS = ROOT / "functions"
SAMPLES = ROOT / "samples"
STATE_MACHINES = ROOT / "statemachine"
ZIPS = ROOT / "dist" / "local"

# SHARED belongs to all local stacks of this checkout, LOCAL to one of them. `make clean` removes both.
SHARED = ROOT / ".local"
LOCAL = SHARED / os.environ.get("SIGHTLINE_STACK_FOLDER", "")
LOGS = LOCAL / "logs"
OUTPUTS = LOCAL / "outputs.json"
VENV = SHARED / "venv"
VENV_COMPLETE = VENV / "complete"

HOST = "127.0.0.1"
REGION = "eu-west-1"
ACCOUNT = "000000000000"

AWS_PORT_VARIABLE = "SIGHTLINE_AWS_PORT"
REKOGNITION_PORT_VARIABLE = "SIGHTLINE_REKOGNITION_PORT"
WEB_PORT_VARIABLE = "SIGHTLINE_WEB_PORT"
VITE_PORT_VARIABLE = "SIGHTLINE_VITE_PORT"
TEST_WEB_PORT_VARIABLE = "SIGHTLINE_TEST_WEB_PORT"

# The owner of the demo's photos, which `make env` sets. Programs of the launcher name owners themselves.
OWNER_VARIABLE = "SIGHTLINE_OWNER"

# If a shell sets one of these, a client of the local stack would use a real account.
REAL_ACCOUNT = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3")


class StackError(Exception):
    """An error that the user can correct. The message is one sentence: what is wrong, and what to do."""


def aws_port():
    """The port of the local AWS."""
    return _port(AWS_PORT_VARIABLE, 4566)


def rekognition_port():
    """The port of the local Rekognition."""
    return _port(REKOGNITION_PORT_VARIABLE, 4567)


def web_port():
    """The port of the front door, which serves the page."""
    return _port(WEB_PORT_VARIABLE, 4568)


def vite_port():
    """The port of Vite's server, which `make web` starts. The template of a local stack knows the default port as an address of the page."""
    return _port(VITE_PORT_VARIABLE, 4569)


def test_web_port():
    """The port of the front door that the tests of the page start."""
    return _port(TEST_WEB_PORT_VARIABLE, 4570)


def _port(variable, default):
    value = os.environ.get(variable) or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise StackError(f"{variable} must be a port between 1 and 65535, but is {value!r}.")
    return int(value)


STATE_FOLDERS = "ministack-*"


def state_folder():
    """The folder of the local AWS's state. Its name contains the port, because the URLs of SQS queues do."""
    return LOCAL / STATE_FOLDERS.replace("*", str(aws_port()))


def binary(name):
    """Path of a debug binary of this workspace; it may not be built yet."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    return ROOT / target / "debug" / name


def browser():
    """Path of the browser for the tests of the page; None if there is none."""
    return os.environ.get("SIGHTLINE_CHROMIUM") or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def function_names():
    """The names of the functions, which are also their folders and binaries."""
    return sorted(manifest.parent.name for manifest in FUNCTIONS.glob("*/Cargo.toml"))


def endpoints():
    """The variables that point an AWS SDK, the AWS CLI, the CDK or `sightline` at the local stack."""
    return {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{aws_port()}",
        "AWS_ENDPOINT_URL_REKOGNITION": f"http://{HOST}:{rekognition_port()}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Some clients read only one of the two spellings.
        "NO_PROXY": _no_proxy(),
        "no_proxy": _no_proxy(),
    }


def _no_proxy():
    """The hosts that the shell excludes from its proxy, and this host."""
    known = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    hosts = [host for host in known.split(",") if host]
    return ",".join(hosts if HOST in hosts else [*hosts, HOST])


def client_environment():
    """This process's environment, pointed at the local stack."""
    kept = {name: value for name, value in os.environ.items() if name not in (*REAL_ACCOUNT, OWNER_VARIABLE)}
    return kept | endpoints()


def cdk_environment():
    """The client environment for the CDK command, which must not call any other service."""
    account = {"CDK_DEFAULT_ACCOUNT": ACCOUNT, "CDK_DEFAULT_REGION": REGION}
    quiet = {"CDK_DISABLE_CLI_TELEMETRY": "1", "CDK_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}
    # With an IP address as endpoint, S3 clients use path-style URLs, which the emulator needs.
    return client_environment() | account | quiet | {"AWS_ENDPOINT_URL_S3": endpoints()["AWS_ENDPOINT_URL"]}


def server_environment():
    """A minimal environment for the servers. Functions inherit the emulator's environment, so it must not contain this shell's variables."""
    scratch = LOCAL / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME", "SIGHTLINE_MODELS") if name in os.environ}
    return kept | endpoints() | {"NO_PROXY": HOST, "no_proxy": HOST, "TMPDIR": str(scratch)}


def shell_lines(owner):
    """Shell commands for `eval` that point a shell at the local stack, and `sightline` at the photos of `owner` if it is known."""
    unset = [f"unset {' '.join(REAL_ACCOUNT)}"]
    exported = endpoints() | ({OWNER_VARIABLE: owner} if owner else {})
    return unset + [f"export {name}={shlex.quote(value)}" for name, value in exported.items()]
