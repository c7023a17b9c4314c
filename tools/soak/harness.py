"""The local stack of the soak test, with real photos and the real `sightline` command."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from pathlib import Path

import cloud
import commands
import config
import servers
from config import StackError

PHOTOS = [path for path in sorted(config.SAMPLES.iterdir()) if path.suffix in (".jpg", ".webp") and path.stem != "cut-off"]
TICKS = os.sysconf("SC_CLK_TCK")


class Harness:
    """A stack that is empty at first and removed at the end."""

    def __init__(self, part):
        self.usage = Usage()
        self._calls = defaultdict(lambda: defaultdict(Counter))
        self.started = time.monotonic()
        self._part = part

    def __enter__(self):
        self._down(forget=True)
        try:
            self.up()
        except BaseException:
            self._down(forget=True)
            raise
        self.started = time.monotonic()
        return self

    def __exit__(self, *_):
        self._down(forget=True)

    def up(self):
        """Starts the stack like `make up`."""
        commands.up(argparse.Namespace(for_tests=False))
        self.usage.follow(servers.aws(), servers.rekognition())

    def stop(self):
        """Stops the stack like `make down`."""
        self._end(servers.aws().process.stop)

    def kill(self):
        """Kills the emulator, so that it cannot save its state, as in a power failure."""
        self._end(servers.aws().process.kill)

    def _end(self, end_aws):
        self.usage.add_run()
        end_aws()
        # The functions have ended with the emulator, so the counts are final.
        self._add_calls()
        self._down(forget=False)

    def _down(self, forget):
        commands.down(argparse.Namespace(forget=forget))

    def _add_calls(self):
        """Adds the counts of the local Rekognition, which are lost when it stops."""
        for key, operations in cloud.recognition("GET", "/admin/calls/images").items():
            for operation, counts in operations.items():
                self._calls[key.split("/")[1]][operation].update(counts)

    def outputs(self):
        """The outputs of the deployed stacks."""
        return {name: value for stack in json.loads(config.OUTPUTS.read_text()).values() for name, value in stack.items()}

    def photos(self, count):
        """A folder with this number of small photos, all different, the same in each run."""
        folder = config.LOCAL / "photos"
        shutil.rmtree(folder, ignore_errors=True)
        self.say(f"making {count} photos")
        command = ["cargo", "run", "--quiet", "--locked", "-p", "sightline-vision", "--example", "vary", "--", count, folder, *PHOTOS]
        if subprocess.run([str(part) for part in command], cwd=config.ROOT, stdin=subprocess.DEVNULL).returncode:
            raise StackError("The photos could not be created; see the lines above.")
        return folder

    def upload(self, paths, concurrency, each=lambda line: None):
        """Uploads with `sightline upload`. Calls `each` with the line of each accepted file, and returns these lines by file."""
        command = [config.binary("sightline"), "upload", *paths, "--concurrency", concurrency, "--output", "ndjson", "--no-progress"]
        child = subprocess.Popen([str(part) for part in command], env=config.client_environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        accepted = {}
        for line in child.stdout:
            line = json.loads(line)
            if "ImageID" in line:
                accepted[line["File"]] = line
                each(line)
        child.wait()
        return accepted

    def sightline(self, *arguments):
        """Runs `sightline`; returns its exit code and output."""
        ran = subprocess.run([str(config.binary("sightline")), *arguments], env=config.client_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return ran.returncode, ran.stdout + ran.stderr

    def calls_by_image(self):
        """Counts of calls by image and operation, over all runs of the server. Call it once, at the end."""
        self._add_calls()
        return self._calls

    def say(self, text):
        """Prints a line of progress."""
        print(f"{self._part:<10} {time.monotonic() - self.started:6.0f} s  {text}", file=sys.stderr, flush=True)


class Usage:
    """CPU time and peak memory of the servers and the functions, over all their runs, from /proc."""

    def __init__(self):
        self.seconds = {}
        self.peak_megabytes = {}
        self._servers = ()

    def follow(self, *servers):
        """Sets the servers that run now."""
        self._servers = servers

    def add_run(self):
        """Adds the usage of the running servers; call it once per run, before they stop."""
        for server in self._servers:
            record = server.process.record()
            if record:
                self._add_server(server.name, record["pid"])
        self._servers = ()

    def _add_server(self, name, pid):
        own, reaped = _ticks(pid)
        others = [ticks for ticks in (_ticks(other) for other in _group(pid) if other != pid) if ticks]
        self._add(name, own)
        if reaped or others:
            self._add("functions", reaped + sum(sum(ticks) for ticks in others))
        status = Path(f"/proc/{pid}/status").read_text()
        peak = int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
        self.peak_megabytes[name] = max(self.peak_megabytes.get(name, 0), peak)

    def _add(self, name, ticks):
        self.seconds[name] = self.seconds.get(name, 0) + ticks / TICKS


def _group(leader):
    """The PIDs of a server and the processes that it started."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(entry.name)) == leader:
                yield int(entry.name)
        except ProcessLookupError:
            continue


def _ticks(pid):
    """Clock ticks of the process, and of its children that have ended; None if the process has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    return user + system, children_user + children_system
