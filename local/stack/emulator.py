"""Runs in the emulator's own Python: MiniStack, mended where it differs from AWS in a way that matters here, and made to save what it holds on
SIGUSR1, not only at a clean stop.

Objects need no saving: they are on disk as soon as they are put. A stop by force therefore keeps all objects, and of the rest what was saved last.
"""

import contextvars
import os
import signal
import socketserver
import threading
import time
from pathlib import Path
from urllib.parse import quote_plus

from ministack import app
from ministack.core.persistence import STATE_DIR, save_all
from ministack.services import lambda_svc, s3

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

# MiniStack 1.5.33 honours `encoding-type=url` in listings of objects, but not in ListObjectVersions: one key with a control character makes
# its whole answer unreadable. On AWS it is honoured in both (S3 API reference, ListObjectVersions), like a form: a space becomes `+`.
_encodes_keys = contextvars.ContextVar("encodes_keys", default=False)
_ENCODED = ("Prefix", "Delimiter", "KeyMarker", "NextKeyMarker", "Version/Key", "DeleteMarker/Key", "CommonPrefixes/Prefix")
_list_object_versions, _xml_body = s3._list_object_versions, s3._xml_body


def list_object_versions(bucket_name, query_params):
    """The listing, with encoded keys where they are asked for."""
    token = _encodes_keys.set(s3._qp(query_params, "encoding-type") == "url")
    try:
        return _list_object_versions(bucket_name, query_params)
    finally:
        _encodes_keys.reset(token)


def xml_body(root):
    """An answer; within a listing that is to encode keys, with encoded keys."""
    if root.tag == "ListVersionsResult" and _encodes_keys.get():
        for element in (found for path in _ENCODED for found in root.findall(path)):
            element.text = quote_plus(element.text or "", safe="/")
        s3.SubElement(root, "EncodingType").text = "url"
    return _xml_body(root)


s3._list_object_versions, s3._xml_body = list_object_versions, xml_body

if __name__ == "__main__":
    # In a thread: what the signal interrupts may hold a lock that saving needs.
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=save, daemon=True).start())
    app.main()
