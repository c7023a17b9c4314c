"""Who has a port."""

import socket
from pathlib import Path

from places import HOST


def is_free(port):
    """Whether a server may listen on the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: connections of a server that has just ended don't count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def owner(port):
    """Who listens on the port, in words, as far as this user may know."""
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
