"""The two servers of the local stack: MiniStack, which is the local AWS, and local-rekognition."""

import hashlib
import json
import urllib.error
import urllib.request

import environment
import places
import ports
from errors import StackError
from processes import Process

# Talks to this machine only, whatever proxy the shell has set.
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Server:
    """A server: how to start it, and how to tell that it is well."""

    def __init__(self, name, port, port_variable, health_path, seconds_to_start):
        self.process = Process(name)
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
    return Server("ministack", places.aws_port(), places.AWS_PORT_VARIABLE, "/_ministack/health", 60)


def rekognition():
    """The local Rekognition."""
    return Server("local-rekognition", places.rekognition_port(), places.REKOGNITION_PORT_VARIABLE, "/health", 120)


def start_aws(step):
    """A step. Nothing is kept over a stop: executions that wait would not survive it, and records without them would lie."""
    settings = {
        "BIND_HOST": places.HOST,
        "GATEWAY_PORT": str(places.aws_port()),
        "IOT_MTLS_ENABLED": "0",
        "MINISTACK_HOST": places.HOST,
        "MINISTACK_REGION": places.REGION,
        "S3_PATH_STYLE": "1",
        "STATE_DIR": str(places.LOCAL / "ministack"),
    }
    command = [places.VENV / "bin" / "python", "-m", "ministack"]
    return aws().ensure(step, command, environment.for_servers() | settings, places.VENV_COMPLETE)


def start_rekognition(step):
    """A step."""
    env = environment.for_servers() | {"SIGHTLINE_REKOGNITION_PORT": str(places.rekognition_port())}
    program = places.built("local-rekognition")
    return rekognition().ensure(step, [program], env, program)


def _fingerprint(command, env, version):
    file = version.stat()
    # A new terminal may bring another PATH; that alone is no reason to lose what the stack holds.
    settings = {name: value for name, value in env.items() if name not in ("PATH", "LANG")}
    facts = [[str(part) for part in command], file.st_mtime_ns, file.st_size, settings]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
