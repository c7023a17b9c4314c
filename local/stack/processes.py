"""Background processes that are surely ours: a note of each one's PID and start time, since a PID alone may be somebody else's by now."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

from places import LOCAL, LOGS, ROOT

PATIENCE_BEFORE_KILL = 5


class Process:
    """A program that runs on after this one ends, and its note in .local/."""

    def __init__(self, name, patience=PATIENCE_BEFORE_KILL):
        self.name = name
        self._patience = patience
        self.log = LOGS / f"{name}.log"
        self._note = LOCAL / f"{name}.pid.json"

    def noted(self):
        """The note of the process, if that very process is alive."""
        try:
            note = json.loads(self._note.read_text())
            # A program that ended at once was noted without a start time.
            return note if note["started"] and started_at(note["pid"]) == note["started"] else None
        except (OSError, ValueError, KeyError):
            return None

    def start(self, command, env, fingerprint):
        """Starts it in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                [str(part) for part in command], cwd=ROOT, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )
        note = {"pid": child.pid, "started": started_at(child.pid), "fingerprint": fingerprint}
        written = self._note.with_suffix(".new")
        written.write_text(json.dumps(note))
        written.replace(self._note)
        return child

    def stop(self):
        """Ends it, politely at first, and then all that it started. Says whether there was anything to end."""
        note = self.noted()
        if note:
            # Not what it started, which it may need to end well.
            os.kill(note["pid"], signal.SIGTERM)
            give_up = time.monotonic() + self._patience
            while self.noted() and time.monotonic() < give_up:
                time.sleep(0.05)
            # Also where it ended by itself: what it started may have stayed.
            _signal_group(note["pid"], signal.SIGKILL)
        self._note.unlink(missing_ok=True)
        return note is not None

    def kill(self):
        """Ends it at once with all that it started, as a power cut would. Says whether there was anything to end."""
        note = self.noted()
        if note:
            _signal_group(note["pid"], signal.SIGKILL)
            while self.noted():
                time.sleep(0.05)
        return note is not None

    def ask(self, which):
        """Sends it a signal that it knows what to do with."""
        if note := self.noted():
            os.kill(note["pid"], which)

    def tail(self, lines=15):
        """The end of its log."""
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def started_at(pid):
    """When the process started, in clock ticks since boot, with the boot's own id; None where it is not alive."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The second field, the name, is in brackets and may hold anything; the state comes after it.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{fields[19]}@{boot}"


def _signal_group(pid, which):
    """The process leads its own group, as it leads its own session."""
    try:
        os.killpg(pid, which)
    except ProcessLookupError:
        pass
