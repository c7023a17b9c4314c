"""The two servers of the local stack: MiniStack, which is the local AWS, and local-rekognition."""

import hashlib
import json
import shutil
import signal
import urllib.error
import urllib.request
from pathlib import Path

import environment
import places
import ports
from errors import StackError
from processes import Process

SECONDS_TO_SAVE = 60

# Talks to this machine only, whatever proxy the shell has set.
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """A server: how to start it, and how to tell that it is well."""

    def __init__(self, name, port, port_variable, health_path, seconds_to_start, seconds_to_stop):
        self.process = Process(name, seconds_to_stop)
        self.name = name
        self.port = port
        self._port_variable = port_variable
        self._health_url = f"http://{places.HOST}:{port}{health_path}"
        self._seconds_to_start = seconds_to_start

    def healthy(self):
        """Whether it answers."""
        try:
            with LOOPBACK.open(self._health_url, timeout=3) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def ensure(self, step, command, env, version):
        """Starts it unless it runs already, just as asked and well. `version` is a file that changes when the program does."""
        fingerprint = _fingerprint(command, env, version)
        note = self.process.noted()
        if note and note["fingerprint"] == fingerprint and self.healthy():
            return f"already running on port {self.port}"
        self.process.stop()
        if not ports.is_free(self.port):
            raise StackError(
                f"Port {self.port} on {places.HOST}, which {self.name} needs, is taken by {ports.owner(self.port)}: "
                f"stop that, or choose another port with {self._port_variable}=PORT."
            )
        child = self.process.start(command, env, fingerprint)
        self._await(step, child)
        why = " (started anew: its program or its settings have changed, or it did not answer)" if note else ""
        return f"listening on http://{places.HOST}:{self.port}{why}"

    def _await(self, step, child):
        for _ in range(self._seconds_to_start * 10):
            if child.poll() is not None:
                raise StackError(f"{self.process.tail()}\n\n{self.name} ended with code {child.returncode} as it started. All of its output: {self.process.log}")
            if self.healthy():
                return
            step.pause(0.1)
        self.process.stop()
        raise StackError(f"{self.name} did not answer within {self._seconds_to_start} seconds. Its output: {self.process.log}")


def aws():
    """The local AWS."""
    return Server("ministack", places.aws_port(), places.AWS_PORT_VARIABLE, "/_ministack/health", 60, SECONDS_TO_SAVE)


def rekognition():
    """The local Rekognition."""
    return Server("local-rekognition", places.rekognition_port(), places.REKOGNITION_PORT_VARIABLE, "/health", 120, 6)


def start_aws(step):
    """A step. What it holds is kept over a stop, but for executions: those that ran are FAILED with `States.ServiceRestart` afterwards."""
    server = aws()
    if not server.process.noted() and not _saved().exists():
        # Ended before its first deployment was saved: objects without the stacks that they belong to.
        shutil.rmtree(places.state(), ignore_errors=True)
    settings = {
        "BIND_HOST": places.HOST,
        "GATEWAY_PORT": str(places.aws_port()),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_HOST": places.HOST,
        "MINISTACK_REGION": places.REGION,
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(places.state() / "objects"),
        "S3_PATH_STYLE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(places.state()),
    }
    command = [places.VENV / "bin" / "python", Path(__file__).with_name("emulator.py")]
    return server.ensure(step, command, environment.for_servers() | settings, places.VENV_COMPLETE)


def save_aws(step):
    """A step: all that the local AWS holds, so that not even a stop by force loses the deployment."""
    before = _saved().read_text() if _saved().exists() else None
    aws().process.ask(signal.SIGUSR1)
    for _ in range(SECONDS_TO_SAVE * 10):
        if _saved().exists() and _saved().read_text() != before:
            return str(places.state().relative_to(places.ROOT))
        step.pause(0.1)
    raise StackError(f"The local AWS did not save what it holds within {SECONDS_TO_SAVE} seconds. Its output: {aws().process.log}")


def _saved():
    """Written by emulator.py."""
    return places.state() / "saved"


def start_rekognition(step):
    """A step."""
    env = environment.for_servers() | {"SIGHTLINE_REKOGNITION_PORT": str(places.rekognition_port())}
    program = places.built("local-rekognition")
    return rekognition().ensure(step, [program], env, program)


def _fingerprint(command, env, version):
    file = version.stat()
    # A new terminal may bring another PATH; that alone is no reason to interrupt what the stack does.
    settings = {name: value for name, value in env.items() if name not in ("PATH", "LANG")}
    facts = [[str(part) for part in command], file.st_mtime_ns, file.st_size, settings]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
