"""Processor time and memory of the servers' processes, over all their runs, from /proc."""

import os
import re
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


class Used:
    """What the servers and the functions have used since the soak began; only of what runs when it is noted."""

    def __init__(self):
        self.seconds = {}
        self.peak_megabytes = {}
        self._servers = ()

    def follow(self, *servers):
        """The servers that run now."""
        self._servers = servers

    def note(self):
        """Adds what the running servers have used; call it once for each run, at its end."""
        for server in self._servers:
            note = server.process.noted()
            if note:
                self._note(server.name, note["pid"])
        self._servers = ()

    def _note(self, name, pid):
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
    """The processes that a server started, and itself: it leads their group."""
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(entry.name)) == leader:
                yield int(entry.name)
        except ProcessLookupError:
            continue


def _ticks(pid):
    """Clock ticks of the process itself, and of its children that have ended; None where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    user, system, children_user, children_system = (int(field) for field in fields[11:15])
    return user + system, children_user + children_system
