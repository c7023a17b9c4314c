"""Runs steps in parallel as far as their dependencies allow. Each has its own log; progress is printed to stderr."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from config import LOGS, ROOT, StackError

LINES_SHOWN_ON_FAILURE = 25
# Seconds between two reports of progress.
TERMINAL_INTERVAL = 0.5
LOG_INTERVAL = 20


class Step:
    """One step. `do` gets the step, and may return a text that is printed beside its name. `after` lists the names of steps that must end first."""

    def __init__(self, name, do, after=()):
        self.name = name
        self.after = after
        self._do = do
        self.log = LOGS / f"{name.replace(' ', '-')}.log"
        self._stopped = threading.Event()
        self._child = None
        self._lock = threading.Lock()

    def perform(self):
        """Performs the step; returns the text to print."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.write_text("")
        return self._do(self) or ""

    def run(self, command, cwd=ROOT, env=None):
        """Runs a program with its output in the step's log. Raises a StackError with the end of the log if it fails."""
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
            raise StackError(f"{self._tail()}\n\n{self.name} failed: `{os.path.basename(str(command[0]))}` ended with code {code}. Its log: {self.log}")

    def stop(self):
        """Ends the running program with everything that it started."""
        with self._lock:
            self._stopped.set()
            if self._child and self._child.poll() is None:
                os.killpg(self._child.pid, signal.SIGTERM)

    def check(self):
        """Raises Stopped if the step was stopped."""
        if self._stopped.is_set():
            raise Stopped

    def pause(self, seconds):
        """Waits; raises Stopped at once if the step is stopped."""
        self._stopped.wait(seconds)
        self.check()

    def last_line(self):
        """The last line of the log, to show progress."""
        lines = self._lines()
        return lines[-1][:100] if lines else ""

    def _tail(self):
        return "\n".join(self._lines()[-LINES_SHOWN_ON_FAILURE:])

    def _lines(self):
        if not self.log.exists():
            return []
        text = self.log.read_text("utf-8", "replace").replace("\r", "\n")
        return [line.rstrip() for line in text.splitlines() if line.strip()]


class Stopped(Exception):
    """Another step failed, or the user interrupted the command."""


class Progress:
    """Prints a line when a step ends, and the running steps in between. Steps may run in parallel; a thread prints at intervals."""

    def __init__(self, stream=sys.stderr):
        self._stream = stream
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._running = {}
        self._ended = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._show_at_intervals, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()
        self._clear_line()

    def begin(self, step):
        """Shows the step and its last line of output until it ends."""
        with self._lock:
            self._running[step] = time.monotonic()

    def end(self, step, sign, detail):
        """Prints the line of a step that has ended."""
        with self._lock:
            seconds = time.monotonic() - self._running.pop(step)
            self._clear_line()
            self._print(f"{sign} {step.name:<24} {seconds:6.1f} s  {detail}".rstrip())

    def _show_at_intervals(self):
        while not self._ended.wait(TERMINAL_INTERVAL if self._terminal else LOG_INTERVAL):
            with self._lock:
                self._show()

    def _show(self):
        now = time.monotonic()
        if self._terminal:
            self._clear_line()
            self._stream.write(self._status(now)[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()
            return
        for step, since in self._running.items():
            if now - since < LOG_INTERVAL / 2:
                continue
            self._print(f"… {step.name:<24} {now - since:6.1f} s  {step.last_line()}".rstrip())

    def _status(self, now):
        """The running steps, and the last line of the one that has run longest."""
        names = ", ".join(f"{step.name} {now - since:.0f} s" for step, since in self._running.items())
        doing = next((step.last_line().strip() for step in self._running), "")
        return f"… {names}  {doing}"

    def _clear_line(self):
        if self._terminal:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def _print(self, line):
        self._stream.write(line + "\n")
        self._stream.flush()


def perform(steps):
    """Performs all steps, listed so that each comes after its dependencies. The first failure stops the others and is raised."""
    with Progress() as progress, ThreadPoolExecutor(max_workers=len(steps)) as pool:
        futures = {}
        for step in steps:
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
