"""Runs MiniStack in its own Python, with patches for differences from AWS that matter here. It saves its state on SIGUSR1 and before it stops.

S3 objects are on disk before S3 answers. So after SIGKILL all objects are there, and everything else as it was saved last.
"""

import contextvars
import os
import signal
import socketserver
import threading
import time
from pathlib import Path
from urllib.parse import quote_plus

import hypercorn.asyncio
from ministack import app
from ministack.core.persistence import STATE_DIR, save_all
from ministack.services import lambda_svc, s3

SAVED = Path(STATE_DIR) / "saved"
_save_lock = threading.Lock()


def save():
    """Saves the state of all services, then writes the time to SAVED."""
    with _save_lock:
        save_all(app._build_persistence_save_dict())
        partial = SAVED.with_suffix(".partial")
        partial.write_text(str(time.time_ns()))
        partial.replace(SAVED)


# Streams of tables are empty after each start, but MiniStack restores the old positions of their readers, beyond the end, so readers would get
# no more changes. Without restored positions they start at the beginning; they may get a change twice, which does no harm.
lambda_svc._restore_esm_positions = lambda *_: None

# The Runtime API of MiniStack 1.5.33 sends the headers and the body of an invocation in two packets. With Nagle's algorithm, that delays every
# invocation by 40 ms. Its 50 ms wait for a first log line costs nothing here: every function logs before it answers.
socketserver.StreamRequestHandler.disable_nagle_algorithm = True

# MiniStack 1.5.33 supports `encoding-type=url` for ListObjectsV2, but not for ListObjectVersions, whose XML is not valid if a key contains a
# control character. AWS supports it for both (S3 API reference, ListObjectVersions), with form encoding: a space becomes `+`.
_encodes_keys = contextvars.ContextVar("encodes_keys", default=False)
_ENCODED = ("Prefix", "Delimiter", "KeyMarker", "NextKeyMarker", "Version/Key", "DeleteMarker/Key", "CommonPrefixes/Prefix")
_list_object_versions, _xml_body = s3._list_object_versions, s3._xml_body


def list_object_versions(bucket_name, query_params):
    """ListObjectVersions with support for `encoding-type`."""
    token = _encodes_keys.set(s3._qp(query_params, "encoding-type") == "url")
    try:
        return _list_object_versions(bucket_name, query_params)
    finally:
        _encodes_keys.reset(token)


def xml_body(root):
    """Encodes the keys of a listing if the request asks for it."""
    if root.tag == "ListVersionsResult" and _encodes_keys.get():
        for element in (found for path in _ENCODED for found in root.findall(path)):
            element.text = quote_plus(element.text or "", safe="/")
        s3.SubElement(root, "EncodingType").text = "url"
    return _xml_body(root)


s3._list_object_versions, s3._xml_body = list_object_versions, xml_body


async def serve_and_exit(*arguments):
    """Serves until SIGTERM, then ends this process and the functions.

    By then MiniStack has saved its state and accepts no more requests. Its normal exit would also wait for all running functions, although
    nothing that they do is saved any more.
    """
    await _serve(*arguments)
    os.killpg(os.getpgrp(), signal.SIGKILL)


_serve, hypercorn.asyncio.serve = hypercorn.asyncio.serve, serve_and_exit

if __name__ == "__main__":
    # In a thread: the interrupted code may hold a lock that saving needs.
    signal.signal(signal.SIGUSR1, lambda *_: threading.Thread(target=save, daemon=True).start())
    app.main()
