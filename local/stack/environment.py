"""The environments that programs get: clients of the local stack, and its two servers."""

import os
import shlex

from places import ACCOUNT, HOST, LOCAL, REGION, aws_port, rekognition_port

# Set in a shell, these would send a client of the local stack to some real account.
REAL_ACCOUNT = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3")


def endpoints():
    """What points an AWS SDK, the AWS CLI, CDK or `sightline` at the local stack."""
    return {
        "AWS_ENDPOINT_URL": f"http://{HOST}:{aws_port()}",
        "AWS_ENDPOINT_URL_REKOGNITION": f"http://{HOST}:{rekognition_port()}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        # Both spellings: some clients read only one of them.
        "NO_PROXY": _no_proxy(),
        "no_proxy": _no_proxy(),
    }


def _no_proxy():
    """Whatever needs no proxy already, and this machine."""
    known = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    hosts = [host for host in known.split(",") if host]
    return ",".join(hosts if HOST in hosts else [*hosts, HOST])


def client():
    """This process's environment, pointed at the local stack."""
    kept = {name: value for name, value in os.environ.items() if name not in REAL_ACCOUNT}
    return kept | endpoints()


def for_cdk():
    """For the CDK command: as a client, and it shall call nobody else."""
    account = {"CDK_DEFAULT_ACCOUNT": ACCOUNT, "CDK_DEFAULT_REGION": REGION}
    quiet = {"CDK_DISABLE_CLI_TELEMETRY": "1", "CDK_DISABLE_VERSION_CHECK": "1", "NO_COLOR": "1"}
    # An IP address makes S3 clients put the bucket into the path, which the emulator wants.
    return client() | account | quiet | {"AWS_ENDPOINT_URL_S3": endpoints()["AWS_ENDPOINT_URL"]}


def for_servers():
    """A lean environment: functions inherit the emulator's, so nothing of this shell may leak into them."""
    scratch = LOCAL / "tmp"
    scratch.mkdir(parents=True, exist_ok=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "XDG_CACHE_HOME", "SIGHTLINE_MODELS") if name in os.environ}
    return kept | endpoints() | {"NO_PROXY": HOST, "no_proxy": HOST, "TMPDIR": str(scratch)}


def shell_lines():
    """The lines that `eval` takes."""
    unset = [f"unset {' '.join(REAL_ACCOUNT)}"]
    return unset + [f"export {name}={shlex.quote(value)}" for name, value in endpoints().items()]
