"""Where things are, and which ports and settings the environment asks for."""

import os
from pathlib import Path

from errors import StackError

ROOT = Path(__file__).resolve().parents[2]
CDK = ROOT / "cdk"
FUNCTIONS = ROOT / "functions"
SAMPLES = ROOT / "samples"
STATE_MACHINES = ROOT / "statemachine"
ZIPS = ROOT / "dist" / "local"

# What the local stacks of this checkout share, and what each of them keeps; removed by `make clean`.
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


def state():
    """What the local AWS keeps; by port, since its queues' addresses name the port."""
    return LOCAL / f"ministack-{aws_port()}"


def built(binary):
    """Path of a binary of this workspace, whether it is built or not."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", "target"))
    return ROOT / target / "debug" / binary


def function_names():
    """The functions: one folder each, named like its binary."""
    return sorted(manifest.parent.name for manifest in FUNCTIONS.glob("*/Cargo.toml"))


def aws_port():
    """The port of the local AWS."""
    return _port(AWS_PORT_VARIABLE, 4566)


def rekognition_port():
    """The port of the local Rekognition."""
    return _port(REKOGNITION_PORT_VARIABLE, 4567)


def _port(variable, default):
    value = os.environ.get(variable) or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise StackError(f"{variable} must be a port between 1 and 65535, but is {value!r}.")
    return int(value)
