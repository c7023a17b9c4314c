"""A local Rekognition of its own, with its times and memory."""

import base64
import contextlib
import json
import os
import statistics
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import build
import config

OPERATIONS = {
    "DetectLabels": {"MinConfidence": 0},
    "DetectFaces": {"Attributes": ["ALL"]},
    "DetectText": {},
    "DetectModerationLabels": {"MinConfidence": 0},
}
LOOPBACK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Failed(Exception):
    """A failure, as one sentence for the user."""


class Server:
    """A running server."""

    def __init__(self, process, url):
        self._process = process
        self._url = url
        self._times = {name: [] for name in OPERATIONS}

    @classmethod
    @contextlib.contextmanager
    def started(cls):
        """Builds and starts the server on a free port, and ends it afterwards."""
        if subprocess.run(["cargo", "build", "--quiet", "--locked", *build.program_packages()], cwd=config.ROOT).returncode:
            raise Failed("the local Rekognition could not be built.")
        command = [config.binary("local-rekognition"), "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            address = process.stdout.readline().removeprefix("listening on ").strip()
            if not address:
                raise Failed("the local Rekognition did not start: are the models there? `make models` downloads them.")
            yield cls(process, address)
        finally:
            process.terminate()
            process.wait()

    def ask(self, operation, path):
        """The answer of an operation for a photo."""
        body = OPERATIONS[operation] | {"Image": {"Bytes": base64.b64encode(path.read_bytes()).decode()}}
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"RekognitionService.{operation}"}
        request = urllib.request.Request(self._url, json.dumps(body).encode(), headers)
        started, busy = time.monotonic(), self._cpu_seconds()
        try:
            with LOOPBACK.open(request, timeout=120) as answer:
                found = json.load(answer)
        except urllib.error.HTTPError as error:
            raise Failed(f"{path}: {operation} is refused: {json.load(error).get('Message', error.reason)}") from None
        except OSError as error:
            raise Failed(f"{path}: {operation} got no answer: {error}.") from None
        self._times[operation].append((1000 * (time.monotonic() - started), 1000 * (self._cpu_seconds() - busy)))
        return found

    def milliseconds(self):
        """Per operation the median of the elapsed time, and the mean of the CPU time."""
        return {name: (statistics.median(e for e, _ in times), statistics.fmean(c for _, c in times)) for name, times in self._times.items()}

    def peak_megabytes(self):
        """The most memory that the server had (Linux)."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) // 1024

    def _cpu_seconds(self):
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
