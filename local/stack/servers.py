"""The servers of the local stack: MiniStack, the local AWS; local-rekognition; the front door, which serves the page."""

import hashlib
import json
import shutil
import signal
import urllib.error
import urllib.request
from pathlib import Path

import config
from config import StackError
from processes import Process, is_port_free, port_owner

SECONDS_TO_SAVE = 60

# Ignores the proxy that the shell may set.
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """A server with its port and its health check."""

    def __init__(self, name, port, port_variable, health_path, seconds_to_start, seconds_to_stop):
        self.process = Process(name, seconds_to_stop)
        self.name = name
        self.port = port
        self._port_variable = port_variable
        self._health_url = f"http://{config.HOST}:{port}{health_path}"
        self._seconds_to_start = seconds_to_start

    def is_up(self):
        """Whether the server of this checkout runs on this port and answers. Another checkout's server may use the port."""
        record = self.process.record()
        return record is not None and record.get("port") == self.port and self.is_healthy()

    def state(self):
        """The state in a few words, for people."""
        record = self.process.record()
        if record is None:
            return "not running"
        if record.get("port") != self.port:
            return f"running on port {record.get('port')}, PID {record['pid']}, but this shell asks for port {self.port} ({self._port_variable})"
        return f"{'running' if self.is_healthy() else 'does not answer'} on port {self.port}, PID {record['pid']}"

    def is_healthy(self):
        """Whether a server on this port answers."""
        try:
            with LOOPBACK.open(self._health_url, timeout=3) as answer:
                return answer.status == 200
        except (OSError, urllib.error.URLError):
            return False

    def ensure(self, step, command, env, version):
        """Starts the server, unless it runs healthy with the same command and environment. `version` is a file that changes with the program."""
        fingerprint = _fingerprint(command, env, version)
        record = self.process.record()
        if record and record["fingerprint"] == fingerprint and self.is_up():
            return f"already running on port {self.port}"
        self.process.stop()
        if not is_port_free(self.port):
            raise StackError(
                f"{self.name} cannot listen on port {self.port} of {config.HOST}, which {port_owner(self.port)} uses: "
                f"stop that program, or set another port with {self._port_variable}=PORT."
            )
        child = self.process.start(command, env, fingerprint, self.port)
        self._wait_until_healthy(step, child)
        why = " (restarted: the program or its settings have changed, or it did not answer)" if record else ""
        return f"listening on http://{config.HOST}:{self.port}{why}"

    def _wait_until_healthy(self, step, child):
        for _ in range(self._seconds_to_start * 10):
            if child.poll() is not None:
                raise StackError(f"{self.process.tail()}\n\n{self.name} ended with code {child.returncode} during its start. Its log: {self.process.log}")
            if self.is_healthy():
                return
            step.pause(0.1)
        self.process.stop()
        raise StackError(f"{self.name} did not answer within {self._seconds_to_start} seconds. Its log: {self.process.log}")


def aws():
    """The local AWS."""
    return Server("ministack", config.aws_port(), config.AWS_PORT_VARIABLE, "/_ministack/health", 60, SECONDS_TO_SAVE)


def rekognition():
    """The local Rekognition."""
    return Server("local-rekognition", config.rekognition_port(), config.REKOGNITION_PORT_VARIABLE, "/health", 120, 6)


def front_door():
    """The front door."""
    return Server("front-door", config.web_port(), config.WEB_PORT_VARIABLE, "/_front-door/health", 20, 3)


def start_aws(step):
    """Step: starts the local AWS with its saved state. Executions that were running when it stopped are FAILED with `States.ServiceRestart`."""
    server = aws()
    if not server.process.record() and not _saved().exists():
        # It ended before its first deployment was saved, so the folder only has objects of stacks that are lost.
        shutil.rmtree(config.state_folder(), ignore_errors=True)
    settings = {
        "BIND_HOST": config.HOST,
        "GATEWAY_PORT": str(config.aws_port()),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_HOST": config.HOST,
        "MINISTACK_REGION": config.REGION,
        "PERSIST_STATE": "1",
        "S3_DATA_DIR": str(config.state_folder() / "objects"),
        "S3_PATH_STYLE": "1",
        "S3_PERSIST": "1",
        "STATE_DIR": str(config.state_folder()),
    }
    command = [config.VENV / "bin" / "python", Path(__file__).with_name("emulator.py")]
    return server.ensure(step, command, config.server_environment() | settings, config.VENV_COMPLETE)


def save_aws(step):
    """Step: saves the state of the local AWS, so that even SIGKILL does not lose the deployment."""
    before = _saved().read_text() if _saved().exists() else None
    aws().process.send_signal(signal.SIGUSR1)
    for _ in range(SECONDS_TO_SAVE * 10):
        if _saved().exists() and _saved().read_text() != before:
            return str(config.state_folder().relative_to(config.ROOT))
        step.pause(0.1)
    raise StackError(f"The local AWS did not save its state within {SECONDS_TO_SAVE} seconds. Its log: {aws().process.log}")


def _saved():
    """The file that emulator.py writes after each save."""
    return config.state_folder() / "saved"


def start_rekognition(step):
    """Step: starts the local Rekognition."""
    env = config.server_environment() | {"SIGHTLINE_REKOGNITION_PORT": str(config.rekognition_port())}
    program = config.binary("local-rekognition")
    return rekognition().ensure(step, [program], env, program)


def _fingerprint(command, env, version):
    file = version.stat()
    # A new terminal can have another PATH or LANG, which needs no restart of the server.
    settings = {name: value for name, value in env.items() if name not in ("PATH", "LANG")}
    identity = [[str(part) for part in command], file.st_mtime_ns, file.st_size, settings]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()
