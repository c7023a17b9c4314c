"""Runs a function as Lambda does, over a Runtime API on loopback (Lambda developer guide, "Using the Lambda runtime API"), and measures its process."""

import contextlib
import json
import os
import queue
import socket
import subprocess
import threading
import time
import uuid
from pathlib import Path

# Seconds after which a process that has used no CPU time is taken to sleep.
SETTLE = 0.004
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:measured"
LOCAL = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


class FunctionFailed(Exception):
    """A function did not start, or did not answer as expected. The message is one sentence."""


class Function:
    """A running function; as a context, it ends with the context."""

    def __init__(self, name, command, environment, memory_mb=128, seconds=60):
        self.name = name
        self._seconds = seconds
        self._events, self._posts = queue.Queue(), queue.Queue()
        self._asked = queue.Queue()
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()
        api = {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._listener.getsockname()[1]}", "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory_mb),
        }
        started = time.perf_counter()
        self._child = subprocess.Popen(
            [str(part) for part in command], env=LOCAL | api | environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, close_fds=False
        )
        self._errors = []
        threading.Thread(target=self._gather, daemon=True).start()
        # The first request for an event ends the init phase.
        self._wait_until_asked(started)
        self.init_seconds = time.perf_counter() - started
        self.init_cpu = self._settled_cpu()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        self._child.kill()
        self._child.wait()

    def invoke(self, event):
        """Sends an event; returns the answer, the CPU seconds and the seconds until the answer. Raises FunctionFailed if the function reports an error."""
        before, started = self._cpu(), time.perf_counter()
        self._events.put(event)
        answer, ended = self._answer()
        self._wait_until_asked(started)
        return answer, self._settled_cpu() - before, ended - started

    def status(self, name):
        """A line of /proc/PID/status in megabytes (VmRSS: resident now, VmHWM: the most so far)."""
        lines = Path(f"/proc/{self._child.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024 / 1e6

    def _answer(self):
        try:
            path, body, ended = self._posts.get(timeout=self._seconds)
        except queue.Empty:
            raise FunctionFailed(f"{self.name} did not answer within {self._seconds} s.{self._log()}") from None
        if path.endswith("/error"):
            raise FunctionFailed(f"{self.name} failed: {body.decode(errors='replace')[:500]}{self._log()}")
        return json.loads(body), ended

    def _wait_until_asked(self, started):
        while True:
            try:
                return self._asked.get(timeout=0.2)
            except queue.Empty:
                if self._child.poll() is not None or time.perf_counter() - started > self._seconds:
                    raise FunctionFailed(f"{self.name} did not ask for an event; its process {'ended' if self._child.poll() is not None else 'is running'}.{self._log()}") from None

    def _cpu(self):
        """CPU seconds of the process so far, with nanoseconds, by its CPU clock (clock_getcpuclockid(3): this is the id's form in Linux)."""
        return time.clock_gettime(((~self._child.pid) << 3) | 2)

    def _settled_cpu(self):
        """The same, when the process has gone to sleep after its request."""
        last = self._cpu()
        while True:
            time.sleep(SETTLE)
            now = self._cpu()
            if now - last < SETTLE / 100:
                return now
            last = now

    def _gather(self):
        for line in self._child.stderr:
            self._errors = [*self._errors[-8:], line.decode(errors="replace")]

    def _log(self):
        return "\n" + "".join(self._errors) if self._errors else ""

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        # The connection breaks when the process is ended.
        with contextlib.suppress(OSError):
            self._answer_requests(connection)

    def _answer_requests(self, connection):
        with connection, connection.makefile("rb") as requests:
            while line := requests.readline():
                target, length = line.decode().split(" ")[1], 0
                while (header := requests.readline().decode().strip()):
                    name, _, value = header.partition(":")
                    length = int(value) if name.lower() == "content-length" else length
                body = requests.read(length)
                if target.endswith("/invocation/next"):
                    self._asked.put(True)
                    self._hand_out(connection, self._events.get())
                else:
                    self._posts.put((target, body, time.perf_counter()))
                    connection.sendall(b'HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{"status":"OK"}')

    def _hand_out(self, connection, event):
        body = json.dumps(event).encode()
        deadline = int((time.time() + self._seconds) * 1000)
        trace = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0"
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\nLambda-Runtime-Aws-Request-Id: {uuid.uuid4()}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {deadline}\r\nLambda-Runtime-Invoked-Function-Arn: {ARN}\r\nLambda-Runtime-Trace-Id: {trace}\r\n\r\n"
        )
        connection.sendall(head.encode() + body)


def search_path():
    """The PATH of this process, for functions that start programs."""
    return os.environ.get("PATH", "")
