"""Progress for people: a line when a step ends, and a sign of life while it runs, on a terminal and without one."""

import shutil
import sys
import threading
import time

BEAT_ON_TERMINAL = 0.5
BEAT_IN_LOG = 20


class Progress:
    """Prints to stderr. Steps may run side by side; `beat` runs in a thread of its own."""

    def __init__(self, stream=sys.stderr):
        self._stream = stream
        self._terminal = stream.isatty()
        self._lock = threading.Lock()
        self._running = {}
        self._over = threading.Event()

    def __enter__(self):
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._over.set()
        self._thread.join()
        self._wipe()

    def begin(self, step):
        """A step starts; `step.last_line` is shown while it runs."""
        with self._lock:
            self._running[step] = time.monotonic()

    def end(self, step, sign, detail):
        """A step is over."""
        with self._lock:
            seconds = time.monotonic() - self._running.pop(step)
            self._wipe()
            self._print(f"{sign} {step.name:<24} {seconds:6.1f} s  {detail}".rstrip())

    def _beat(self):
        while not self._over.wait(BEAT_ON_TERMINAL if self._terminal else BEAT_IN_LOG):
            with self._lock:
                self._show()

    def _show(self):
        now = time.monotonic()
        if self._terminal:
            self._wipe()
            self._stream.write(self._status(now)[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()
            return
        for step, since in self._running.items():
            if now - since < BEAT_IN_LOG / 2:
                continue
            self._print(f"… {step.name:<24} {now - since:6.1f} s  {step.last_line()}".rstrip())

    def _status(self, now):
        """What runs, and what the one that has run longest is doing."""
        names = ", ".join(f"{step.name} {now - since:.0f} s" for step, since in self._running.items())
        doing = next((step.last_line().strip() for step in self._running), "")
        return f"… {names}  {doing}"

    def _wipe(self):
        if self._terminal:
            self._stream.write("\r\033[K")
            self._stream.flush()

    def _print(self, line):
        self._stream.write(line + "\n")
        self._stream.flush()
