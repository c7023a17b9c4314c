"""What the soak asks of the two servers beyond what `sightline` does, over plain HTTP: the emulator checks no signatures."""

import json
import time
import urllib.error
import urllib.request

import environment
import places
import servers
from errors import StackError

PAGE = 1000


def records(table):
    """All items of the records table, with what is asked of them here."""
    names = "ImageID, UploadTimestamp, ProcessingStatus, StatusReason, ReviewStatus, Analyses, Attempts"
    start, found = {}, []
    while True:
        page = _json("dynamodb", "DynamoDB_20120810.Scan", {"TableName": table, "ProjectionExpression": names, **start})
        found += [{name: _plain(value) for name, value in item.items()} for item in page["Items"]]
        if not page.get("LastEvaluatedKey"):
            return found
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def running(machine):
    """How many executions are at work."""
    count, token = 0, {}
    while True:
        page = _json("states", "AWSStepFunctions.ListExecutions", {"stateMachineArn": machine, "statusFilter": "RUNNING", "maxResults": PAGE, **token})
        count += len(page["executions"])
        if not page.get("nextToken"):
            return count
        token = {"nextToken": page["nextToken"]}


def start(machine, event):
    """Starts an execution, as the rule does."""
    _json("states", "AWSStepFunctions.StartExecution", {"stateMachineArn": machine, "input": json.dumps(event)})


def event(bucket, key, size, etag):
    """The event that S3 sends for an upload."""
    return {
        "version": "0", "id": "00000000-0000-0000-0000-000000000000", "detail-type": "Object Created", "source": "aws.s3", "account": places.ACCOUNT,
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "region": places.REGION, "resources": [],
        "detail": {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": size, "etag": etag, "sequencer": "00"}, "reason": "PutObject"},
    }


def put(bucket, key, body):
    """Puts an object once more, whatever is there already."""
    _emulator("s3", f"/{bucket}/{key}", body, {"Content-Type": "image/jpeg"}, "PUT")


def etag(bucket, key):
    """The entity tag of an object."""
    return _emulator("s3", f"/{bucket}/{key}", None, {}, "HEAD").headers["ETag"].strip('"')


def recognition(method, path, body=None):
    """An admin call of the local Rekognition."""
    url = environment.endpoints()["AWS_ENDPOINT_URL_REKOGNITION"] + path
    text = _send(urllib.request.Request(url, json.dumps(body).encode() if body else None, {"Content-Type": "application/json"}, method=method)).read()
    return json.loads(text) if text else None


def _json(service, target, body):
    headers = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
    return json.load(_emulator(service, "/", json.dumps(body).encode(), headers, "POST"))


def _emulator(service, path, body, headers, method):
    scope = f"test/20260101/{places.REGION}/{service}/aws4_request"
    headers = {**headers, "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none"}
    return _send(urllib.request.Request(environment.endpoints()["AWS_ENDPOINT_URL"] + path, body, headers, method=method))


def _send(request, tries=5):
    """The emulator is busy while it soaks: what does not go through is tried again."""
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
