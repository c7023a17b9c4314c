"""Runs steps that depend on each other: side by side where they can, each with a log of its own."""

import os
import signal
import subprocess
import threading
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from errors import StackError
from places import LOGS, ROOT
from progress import Progress

LINES_OF_A_FAILURE = 25


class Step:
    """One step. `do` is called with the step, and returns what to print beside its name (or nothing)."""

    def __init__(self, name, do, after=()):
        self.name = name
        self.after = after
        self._do = do
        self.log = LOGS / f"{name.replace(' ', '-')}.log"
        self._stopped = threading.Event()
        self._child = None
        self._lock = threading.Lock()

    def perform(self):
        """Does it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        return self._do(self) or ""

    def run(self, command, cwd=ROOT, env=None):
        """Runs a program, its output in the step's log; raises a StackError with the end of the log if it fails."""
        with self.log.open("ab") as log:
            with self._lock:
                self.check()
                self._child = subprocess.Popen(
                    [str(part) for part in command], cwd=cwd, env=env,
                    stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, process_group=0,
                )
            code = self._child.wait()
        self.check()
        if code != 0:
            raise StackError(f"{self._tail()}\n\n{self.name} failed: `{os.path.basename(str(command[0]))}` ended with code {code}. All of its output: {self.log}")

    def stop(self):
        """Ends what runs, with all that it started."""
        with self._lock:
            self._stopped.set()
            if self._child and self._child.poll() is None:
                os.killpg(self._child.pid, signal.SIGTERM)

    def check(self):
        """Raises where the step was told to stop."""
        if self._stopped.is_set():
            raise Stopped

    def pause(self, seconds):
        """Waits; raises at once where the step is told to stop."""
        self._stopped.wait(seconds)
        self.check()

    def last_line(self):
        """The end of the log, for a sign of life."""
        lines = self._lines()
        return lines[-1][:100] if lines else ""

    def _tail(self):
        return "\n".join(self._lines()[-LINES_OF_A_FAILURE:])

    def _lines(self):
        if not self.log.exists():
            return []
        text = self.log.read_text("utf-8", "replace").replace("\r", "\n")
        return [line.rstrip() for line in text.splitlines() if line.strip()]


class Stopped(Exception):
    """Another step failed, or the person at the terminal has had enough."""


def perform(steps):
    """Performs all steps; the first failure stops the others and is raised."""
    with Progress() as progress, ThreadPoolExecutor(max_workers=len(steps)) as pool:
        futures = {}
        for step in steps:  # listed so that what a step comes after stands before it
            before = [futures[name] for name in step.after]
            futures[step.name] = pool.submit(_perform_one, step, before, progress)
        try:
            done, _ = wait(futures.values(), return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
        except BaseException:
            for step in steps:
                step.stop()
            raise


def _perform_one(step, before, progress):
    for future in before:
        future.result()
    step.check()
    progress.begin(step)
    try:
        detail = step.perform()
    except BaseException as error:
        progress.end(step, "-" if isinstance(error, Stopped) else "✗", "stopped" if isinstance(error, Stopped) else "failed")
        raise
    progress.end(step, "✓", detail)
