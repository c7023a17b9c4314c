"""Background processes and the ports that they listen on.

A file records the PID and the start time of each process, because the system may reuse a PID for another process.
"""

import json
import os
import signal
import socket
import subprocess
import time
from pathlib import Path

from config import HOST, LOCAL, LOGS, ROOT

SECONDS_BEFORE_KILL = 5


class Process:
    """A program that outlives the launcher, with its record in .local/."""

    def __init__(self, name, seconds_before_kill=SECONDS_BEFORE_KILL):
        self.name = name
        self._seconds_before_kill = seconds_before_kill
        self.log = LOGS / f"{name}.log"
        self._file = LOCAL / f"{name}.pid.json"

    def record(self):
        """The record of the process if it is alive, else None."""
        try:
            record = json.loads(self._file.read_text())
            # The start time is missing if the program ended at once.
            return record if record["started"] and started_at(record["pid"]) == record["started"] else None
        except (OSError, ValueError, KeyError):
            return None

    def start(self, command, env, fingerprint, port):
        """Starts the program, which listens on `port`, in its own session, so that Ctrl-C and a closed terminal do not end it."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                [str(part) for part in command], cwd=ROOT, env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )
        record = {"pid": child.pid, "started": started_at(child.pid), "fingerprint": fingerprint, "port": port}
        partial = self._file.with_suffix(".new")
        partial.write_text(json.dumps(record))
        partial.replace(self._file)
        return child

    def stop(self):
        """Ends the process by SIGTERM, later by SIGKILL, and then everything that it started. Returns whether it was running."""
        record = self.record()
        if record:
            # Only the process itself: it may need its children to shut down.
            os.kill(record["pid"], signal.SIGTERM)
            give_up = time.monotonic() + self._seconds_before_kill
            while self.record() and time.monotonic() < give_up:
                time.sleep(0.05)
            # Even if the process ended by itself: its children may still run.
            _signal_group(record["pid"], signal.SIGKILL)
        self._file.unlink(missing_ok=True)
        return record is not None

    def kill(self):
        """Ends the process and everything that it started at once, as a power failure would. Returns whether it was running."""
        record = self.record()
        if record:
            _signal_group(record["pid"], signal.SIGKILL)
            while self.record():
                time.sleep(0.05)
        return record is not None

    def send_signal(self, which):
        """Sends a signal to the process, if it is running."""
        if record := self.record():
            os.kill(record["pid"], which)

    def tail(self, lines=15):
        """The last lines of its log."""
        text = self.log.read_text("utf-8", "replace") if self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


def started_at(pid):
    """The start time of a process in clock ticks since boot, with the id of the boot; None if it is not alive."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # The second field, the name, is in brackets and may contain any character; the state follows it.
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else f"{fields[19]}@{boot}"


def _signal_group(pid, which):
    """Signals the group of a process that leads its own session, and therefore its own group."""
    try:
        os.killpg(pid, which)
    except ProcessLookupError:
        pass


def is_port_free(port):
    """Whether a server can listen on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do, so that closed connections of a previous server do not block the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def port_owner(port):
    """Name and PID of the program that listens on the port, if this user may see them."""
    inode = _listening_inode(port)
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if inode and any(str(fd.readlink()) == f"socket:[{inode}]" for fd in (entry / "fd").iterdir()):
                return f"{(entry / 'comm').read_text().strip()}, PID {entry.name}"
        except OSError:
            continue
    return "another program"


def _listening_inode(port):
    listening = "0A"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in (row.split() for row in rows):
            if fields[3] == listening and int(fields[1].rpartition(":")[2], 16) == port:
                return fields[9]
    return None
