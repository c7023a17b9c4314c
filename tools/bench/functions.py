"""Section `functions`: init, first and warm invocation, memory and zip of each function, beside a Python handler that makes the same calls."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from pathlib import Path

import services
import tls
from lambda_api import Function, FunctionFailed, search_path
from spread import Spread

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
EVENTS = ROOT / "events" / "functions"
MACHINE = "arn:aws:states:eu-west-1:123456789012:stateMachine:machine"
CLAIMED = {"RECORDS_TABLE": services.CLAIMED_TABLE}
EMPTY = {"RECORDS_TABLE": services.EMPTY_TABLE}
# Settings of each function; a table's name says what the constant services answer.
SETTINGS = {
    "inspect-image": EMPTY,
    "record-rejection": CLAIMED,
    "detect-labels": {},
    "analyze-faces": {},
    "detect-text": {},
    "moderate-image": {"MODERATION_POLICY": '[{"category":"Explicit","minConfidence":60,"action":"BLOCK"}]'},
    "send-alert": {"ALERTS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:alerts"},
    "request-review": CLAIMED,
    "store-record": {**CLAIMED, "LABEL_INDEX_TABLE": "labels"},
    "record-failure": CLAIMED,
    "reconcile": {**EMPTY, "IMAGES_BUCKET": "images", "STATE_MACHINE_ARN": MACHINE},
    "count-trends": {**EMPTY, "TRENDS_TABLE": "trends"},
    "report-trends": {"TRENDS_TABLE": "trends", "OPERATIONS_TOPIC_ARN": "arn:aws:sns:eu-west-1:123456789012:operations"},
    "import-image": {**EMPTY, "IMAGES_BUCKET": "images", "STATE_MACHINE_ARN": MACHINE},
    "api": {
        **EMPTY, "LABEL_INDEX_TABLE": "labels", "TRENDS_TABLE": "trends", "IMAGES_BUCKET": "images", "STATE_MACHINE_ARN": MACHINE, "LIVE_STATE_MACHINE_ARN": MACHINE,
        "MEDIA_SECRET": "0123456789abcdef0123456789abcdef",
    },
}
# It waits until an execution has ended, so only its init is measured.
NOT_INVOKED = {"import-image"}
# Functions that the handler in baseline/handler.py also implements, call by call.
COMPARED = ["detect-labels", "analyze-faces", "detect-text", "moderate-image", "send-alert", "request-review", "store-record"]
# Processes that are started of each program: ours are quick, Python's are not.
PROCESSES, PYTHON_PROCESSES = 7, 3
WARM = 15


class ConstantServices:
    """The process of services.py; as a context, it runs as long as the context. Its certificate is in `bundle`, beside `real_roots`."""

    def __init__(self, real_roots):
        self._folder = tempfile.TemporaryDirectory()
        server, self.bundle = tls.make(self._folder.name, real_roots)
        command = [sys.executable, HERE / "services.py", server, EVENTS / "detect-labels.json"]
        self._child = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._ports = json.loads(self._child.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.stdin.close()
        self._child.wait()
        self._folder.cleanup()

    def environment(self, scheme):
        """The variables that point a function at the services. Without HTTPS, a function finds its root certificates as on Lambda."""
        trust = {"SSL_CERT_FILE": str(self.bundle), "AWS_CA_BUNDLE": str(self.bundle)} if scheme == "https" else {}
        return {"AWS_ENDPOINT_URL": f"{scheme}://127.0.0.1:{self._ports[scheme]}", "NO_PROXY": "127.0.0.1", **trust}

    def take(self):
        """The requests since the last call of `take`."""
        return self._post("take", b"")

    def upload(self, path):
        """Sets the bytes that every GET of an upload returns."""
        self._post("upload", Path(path).read_bytes())

    def _post(self, name, body):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        return json.load(opener.open(urllib.request.Request(f"http://127.0.0.1:{self._ports['http']}/bench/{name}", body, method="POST")))


def event(name):
    """The sample input of a function. The image had no review, as almost all images."""
    sample = json.loads((EVENTS / f"{name}.json").read_text("utf-8"))
    return sample | {"Review": None} if name == "store-record" else sample


def rust(name, programs, constant, scheme):
    """A running function of ours."""
    return Function(name, [programs[name]], constant.environment(scheme) | SETTINGS[name], 1024 if name == "inspect-image" else 128)


def python(name, interpreter, constant, scheme):
    """A running Python handler that makes the same calls."""
    environment = {"CALLS_OF": name, "_HANDLER": "handler.handle", "LAMBDA_TASK_ROOT": str(HERE / "baseline"), "PYTHONPATH": str(HERE / "baseline"), "PATH": search_path()}
    return Function(name, [interpreter, "-m", "awslambdaric", "handler.handle"], constant.environment(scheme) | environment)


def process(start, sample, constant):
    """Figures of one process: CPU milliseconds and megabytes, and the calls of an invocation."""
    with start() as function:
        figures = {"init": function.init_cpu * 1000, "calls": {}}
        if function.name not in NOT_INVOKED:
            figures["first"] = function.invoke(sample)[1] * 1000
            constant.take()
            figures["warm"] = Spread.of([function.invoke(sample)[1] * 1000 for _ in range(WARM)]).median
            figures["calls"] = {name: count / WARM for name, count in sorted(Counter(call["call"] for call in constant.take()).items())}
        return figures | {"rss": function.status("VmRSS")}


def measure(names, programs, interpreter, constant, say, schemes=("https", "http")):
    """The figures of each function, by scheme: spreads of ours and of Python's, taken in turns, so that drift of the machine hits both."""
    found = {}
    for number, name in enumerate(names, 1):
        sample = event(name)
        if name == "inspect-image":
            constant.upload(ROOT / "samples" / "hopper-rotated.jpg")
        for scheme in schemes:
            say(f"functions: {name} over {scheme} ({number} of {len(names)})")
            ours, theirs = [], []
            for turn in range(PROCESSES):
                ours.append(process(lambda: rust(name, programs, constant, scheme), sample, constant))
                if name in COMPARED and turn < PYTHON_PROCESSES:
                    theirs.append(process(lambda: python(name, interpreter, constant, scheme), sample, constant))
            if theirs and theirs[0]["calls"] != ours[0]["calls"]:
                raise FunctionFailed(f"bench: {name} calls {ours[0]['calls']}, but baseline/handler.py {theirs[0]['calls']}. Change the handler to make the same calls.")
            found.setdefault(name, {"calls": ours[0]["calls"]})[scheme] = {"ours": summary(ours), "python": summary(theirs) if theirs else None}
    return found


def summary(processes):
    """Spreads over processes."""
    return {name: Spread.of([one[name] for one in processes]).as_json() for name in ("init", "first", "warm", "rss") if name in processes[0]}
