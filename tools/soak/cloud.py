"""Requests to the two servers that `sightline` does not make, over plain HTTP: the emulator does not check signatures."""

import json
import time
import urllib.error
import urllib.request

import config
import servers
from config import StackError

PAGE = 1000


def records(table):
    """All items of the records table, with the attributes that the soak test and `make bench` need."""
    names = "ImageID, UploadTimestamp, ProcessingStatus, StatusReason, ReviewStatus, Analyses, Attempts, FinishedAt"
    start, found = {}, []
    while True:
        page = _json("dynamodb", "DynamoDB_20120810.Scan", {"TableName": table, "ProjectionExpression": names, **start})
        found += [{name: _plain(value) for name, value in item.items()} for item in page["Items"]]
        if not page.get("LastEvaluatedKey"):
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def running(machine):
    """The number of running executions."""
    count, token = 0, {}
    while True:
        page = _json("states", "AWSStepFunctions.ListExecutions", {"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": PAGE, **token})
        count += len(page["executions"])
        if not page.get("nextToken"):
            return count
        token = {"nextToken": page["nextToken"]}


def start(machine, event):
    """Starts an execution, as the event rule does."""
    _json("states", "AWSStepFunctions.StartExecution", {"stateMachineArn": machine, "input": json.dumps(event)})


def event(bucket, key, size, etag):
    """The event that S3 sends for an upload."""
    return {
        "version": "0", "id": "00000000-0000-0000-0000-000000000000", "detail-type": "Object Created", "source": "aws.s3", "account": config.ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "region": config.REGION, "resources": [],
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": size, "etag": etag, "sequencer": "00"}, "reason": "PutObject"},
    }


def put(bucket, key, body):
    """Puts an object, even if the key exists."""
    _emulator("s3", f"/{bucket}/{key}", body, {"Content-Type": "image/jpeg"}, "PUT")


def etag(bucket, key):
    """The ETag of an object."""
    return _emulator("s3", f"/{bucket}/{key}", None, {}, "HEAD").headers["ETag"].strip('"')


def recognition(method, path, body=None):
    """An admin call of the local Rekognition."""
    url = config.endpoints()["AWS_ENDPOINT_URL_REKOGNITION"] + path
    text = _send(urllib.request.Request(url, json.dumps(body).encode() if body else None, {"Content-Type": "application/json"}, method=method)).read()
    return json.loads(text) if text else None


def _json(service, target, body):
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
    return json.load(_emulator(service, "/", json.dumps(body).encode(), headers, "POST"))


def _emulator(service, path, body, headers, method):
    scope = f"test/20260101/{config.REGION}/{service}/aws4_request"
    headers = {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}
    return _send(urllib.request.Request(config.endpoints()["AWS_ENDPOINT_URL"] + path, body, headers, method=method))


def _send(request, tries=5):
    """Sends a request; retries it, because the emulator is under load."""
    for left in reversed(range(tries)):
        try:
            return servers.LOOPBACK.open(request, timeout=60)
        except (urllib.error.URLError, OSError) as error:
            if not left:
                raise StackError(f"{request.get_method()} {request.full_url} failed: {error}") from None
            time.sleep(1)


def _plain(value):
    """DynamoDB's typed JSON as plain JSON."""
    ((kind, inner),) = value.items()
    if kind == "M":
        return {name: _plain(part) for name, part in inner.items()}
    if kind == "L":
        return [_plain(part) for part in inner]
    return int(float(inner)) if kind == "N" else inner
