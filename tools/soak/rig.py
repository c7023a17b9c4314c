"""The soak's own local stack, with real photos and the real `sightline` command."""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict

import cloud
import commands
import environment
import places
import servers
from errors import StackError
from processes_used import Used

PHOTOS = [path for path in sorted(places.SAMPLES.iterdir()) if path.suffix in (".jpg", ".webp") and path.stem != "cut-off"]


class Rig:
    """A stack that holds nothing at first, and is removed in the end."""

    def __init__(self, part):
        self.used = Used()
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
        """As `make up`."""
        commands.up(argparse.Namespace(for_tests=False))
        self.used.follow(servers.aws(), servers.rekognition())

    def stop(self):
        """As `make down`."""
        self._end(servers.aws().process.stop)

    def kill(self):
        """As a power cut: the emulator gets to say no last word."""
        self._end(servers.aws().process.kill)

    def _end(self, end_aws):
        self.used.note()
        end_aws()
        # The functions are gone with the emulator: no more calls will come.
        self._add_calls()
        self._down(forget=False)

    def _down(self, forget):
        commands.down(argparse.Namespace(forget=forget))

    def _add_calls(self):
        """What the local Rekognition has counted, which is gone with its process."""
        for key, operations in cloud.recognition("GET", "/admin/calls/images").items():
            for operation, counts in operations.items():
                self._calls[key.split("/")[1]][operation].update(counts)

    def outputs(self):
        """What the deployment is made of."""
        return {name: value for stack in json.loads(places.OUTPUTS.read_text()).values() for name, value in stack.items()}

    def photos(self, count):
        """A folder of so many small photos, no two alike; the same ones each time."""
        folder = places.LOCAL / "photos"
        shutil.rmtree(folder, ignore_errors=True)
        self.say(f"making {count} photos")
        command = ["cargo", "run", "--quiet", "--locked", "-p", "sightline-vision", "--example", "vary", "--", count, folder, *PHOTOS]
        if subprocess.run([str(part) for part in command], cwd=places.ROOT, stdin=subprocess.DEVNULL).returncode:
            raise StackError("The photos could not be made; the lines above say why.")
        return folder

    def upload(self, paths, concurrency, each=lambda line: None):
        """Uploads by `sightline upload`; gives each line that it prints to `each`, and returns those that were accepted, by file."""
        command = [places.built("sightline"), "upload", *paths, "--concurrency", concurrency, "--output", "ndjson", "--no-progress"]
        child = subprocess.Popen([str(part) for part in command], env=environment.client(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        accepted = {}
        for line in child.stdout:
            line = json.loads(line)
            if "ImageID" in line:
                accepted[line["File"]] = line
                each(line)
        child.wait()
        return accepted

    def sightline(self, *arguments):
        """Runs the command; its exit code and what it printed."""
        ran = subprocess.run([str(places.built("sightline")), *arguments], env=environment.client(), stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return ran.returncode, ran.stdout + ran.stderr

    def calls_by_image(self):
        """Counts of calls by image and operation, over all runs of the server; to be asked for once, in the end."""
        self._add_calls()
        return self._calls

    def say(self, text):
        """A line of progress."""
        print(f"{self._part:<10} {time.monotonic() - self.started:6.0f} s  {text}", file=sys.stderr, flush=True)
