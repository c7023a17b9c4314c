"""Runs in the emulator's own Python: MiniStack, which saves what it holds at a clean stop only, made to save it on SIGUSR1 as well.

Objects need no saving: they are on disk as soon as they are put. A stop by force therefore keeps all objects, and of the rest what was saved last.
"""

import os
import signal
import socketserver
import threading
import time
from pathlib import Path

from ministack import app
from ministack.core.persistence import STATE_DIR, save_all
from ministack.services import lambda_svc

SAVED = Path(STATE_DIR) / "saved"
_one_at_a_time = threading.Lock()


def save():
    """Saves all that is held, and tells when."""
    with _one_at_a_time:
        save_all(app._build_persistence_save_dict())
        partial = SAVED.with_suffix(".partial")
        partial.write_text(str(time.time_ns()))
        partial.replace(SAVED)


# The streams of tables begin anew with each start, but a reader would go on from its old place, behind their end, and hear of nothing.
# From the beginning it hears of some things twice, which does no harm.
lambda_svc._restore_esm_positions = lambda *_: None

# The Runtime API of MiniStack 1.5.33 sends an invocation's headers and body in two packets. With Nagle's algorithm on, that delays every invocation by 40 ms.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

if __name__ == "__main__":
    # In a thread: what the signal interrupts may hold a lock that saving needs.
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=save, daemon=True).start())
    app.main()
