"""Runs MiniStack in its own Python, with patches for differences from AWS that matter here. It saves its state on SIGUSR1 and before it stops.

S3 objects are on disk before S3 answers. So after SIGKILL all objects are there, and everything else as it was saved last.
"""

import contextvars
import http.cookies
import json
import os
import random
import secrets
import signal
import socketserver
import threading
import time
from pathlib import Path
from urllib.parse import quote_plus

import hypercorn.asyncio
from ministack import app
from ministack.core.persistence import STATE_DIR, save_all
from ministack.services import cognito, lambda_svc, s3, stepfunctions

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

# MiniStack 1.5.33 ignores JitterStrategy and MaxDelaySeconds of a Retry. Without jitter, executions that were throttled together are retried together,
# and throttled again.
_find_matching_retrier = stepfunctions._find_matching_retrier


def retrier_with_delay(retriers, error, retry_counts):
    """Finds the retrier of an error, with the delay before its next attempt as its interval."""
    retrier, index = _find_matching_retrier(retriers, error, retry_counts)
    if retrier is None:
        return retrier, index
    delay = retrier.get("IntervalSeconds", 1) * retrier.get("BackoffRate", 2) ** retry_counts.get(index, 0)
    delay = min(delay, retrier.get("MaxDelaySeconds", delay))
    if retrier.get("JitterStrategy") == "FULL":
        delay = random.uniform(0, delay)
    return retrier | {"IntervalSeconds": delay, "BackoffRate": 1}, index


stepfunctions._find_matching_retrier = retrier_with_delay

# In MiniStack 1.5.33 the task token of a stopped execution stays valid until the timeout of its state. AWS refuses it at once.
_invoke_with_callback, _stop_execution = stepfunctions._invoke_with_callback, stepfunctions._stop_execution
_waiting = {}


def invoke_with_callback(resource, arguments, token, state):
    """Waits for a task token, whose arguments name the execution."""
    _waiting[token] = json.dumps(arguments)
    try:
        return _invoke_with_callback(resource, arguments, token, state)
    finally:
        _waiting.pop(token, None)


def stop_execution(request):
    """Stops an execution and forgets its task tokens."""
    answer = _stop_execution(request)
    for token in [token for token, arguments in list(_waiting.items()) if request.get("executionArn", "") in arguments]:
        stepfunctions._task_tokens.pop(token, None)
    return answer


stepfunctions._invoke_with_callback, stepfunctions._stop_execution = invoke_with_callback, stop_execution

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


# The refresh of tokens at /oauth2/token of MiniStack 1.5.33 issues access tokens without the groups of the user. AWS keeps `cognito:groups`.
_fake_token = cognito._fake_token


def token_with_groups(sub, pool_id, client_id, token_type="access", username="", user_attrs=None, groups=None, **rest):
    """Issues a token with the groups of the user."""
    user = ((cognito._get_pool_unscoped(pool_id) or {}).get("_users") or {}).get(username) or {}
    return _fake_token(sub, pool_id, client_id, token_type, username, user_attrs, groups or user.get("_groups"), **rest)


cognito._fake_token = token_with_groups

# The sign-in page of MiniStack 1.5.33 forgets the browser at once. AWS's remembers it for an hour by a cookie, so that a page that keeps its tokens
# in memory signs in again after a reload without asking; /logout ends that (Cognito guide, "User pool managed login").
SESSION_COOKIE = "cognito"
SESSION_SECONDS = 3600
_sessions = {}
_authorize, _logout, _redirect = cognito.handle_oauth2_authorize, cognito.handle_logout, cognito._issue_auth_code_redirect


def redirect_with_session(client_id, pool_id, redirect_uri, scope, username, *rest):
    """Redirects with a code, and remembers who has signed in."""
    status, headers, body = _redirect(client_id, pool_id, redirect_uri, scope, username, *rest)
    if status == 302 and "code=" in headers.get("Location", ""):
        session = secrets.token_urlsafe(24)
        _sessions[session] = (pool_id, username, time.monotonic() + SESSION_SECONDS)
        headers["Set-Cookie"] = f"{SESSION_COOKIE}={session}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly; SameSite=Lax"
    return status, headers, body


def authorize_with_session(method, path, headers, query_params):
    """Shows the sign-in page, unless this browser has signed in within the hour. MiniStack's own checks of the request run in both cases."""
    status, answer, body = _authorize(method, path, headers, query_params)
    pool_id, username, until = _sessions.get(_session_of(headers), ("", "", 0))
    asked, pool, _ = cognito._find_pool_by_client_id(cognito._qp(query_params, "client_id"))
    if status != 200 or not pool or asked != pool_id or time.monotonic() > until or username not in pool["_users"]:
        return status, answer, body
    ask = {name: cognito._qp(query_params, name) for name in ("client_id", "redirect_uri", "scope", "nonce", "code_challenge", "code_challenge_method", "state")}
    return _redirect(
        ask["client_id"], pool_id, ask["redirect_uri"], ask["scope"], username, ask["nonce"], ask["code_challenge"], ask["code_challenge_method"], ask["state"],
    )


def logout_with_session(method, path, headers, query_params):
    """Forgets the browser."""
    status, answer, body = _logout(method, path, headers, query_params)
    if status == 302:
        _sessions.pop(_session_of(headers), None)
        answer["Set-Cookie"] = f"{SESSION_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    return status, answer, body


def _session_of(headers):
    cookie = http.cookies.SimpleCookie(headers.get("cookie", ""))
    return cookie[SESSION_COOKIE].value if SESSION_COOKIE in cookie else ""


cognito._issue_auth_code_redirect = redirect_with_session
cognito.handle_oauth2_authorize, cognito.handle_logout = authorize_with_session, logout_with_session


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
