"""The constant services: Rekognition, S3, DynamoDB, SNS and Step Functions with fixed answers after fixed times, over HTTP and HTTPS on loopback.

A function that is measured against them waits the same time in each run, so what differs is its own work. Run as a program, it serves until its
standard input closes, and prints its two ports as JSON. `POST /bench/take` returns the requests since the last call of it; `POST /bench/upload`
sets the bytes that every GET of an upload returns.
"""

import asyncio
import json
import ssl
import sys
from pathlib import Path

# Seconds from the end of a request to its answer.
REKOGNITION_SECONDS = 0.020
OTHER_SECONDS = 0.003

LABELS = [("Person", 98.7), ("Car", 96.1), ("Road", 91.5), ("Tree", 88.2), ("Building", 84.9), ("Wheel", 83.0), ("Text", 71.3), ("Sign", 66.4), ("City", 60.2), ("Pole", 55.8)]
BOX = {"Left": 0.1, "Top": 0.2, "Width": 0.3, "Height": 0.4}
POLYGON = [{"X": 0.1, "Y": 0.2}, {"X": 0.4, "Y": 0.2}, {"X": 0.4, "Y": 0.3}, {"X": 0.1, "Y": 0.3}]
EMOTIONS = ["HAPPY", "CALM", "SURPRISED", "CONFUSED", "SAD", "ANGRY", "DISGUSTED", "FEAR"]
YES = {"Value": True, "Confidence": 97.5}
FACE = {
    "BoundingBox": BOX, "Confidence": 99.9, "AgeRange": {"Low": 25, "High": 35}, "Gender": {"Value": "Female", "Confidence": 98.2},
    **{name: YES for name in ("Smile", "Eyeglasses", "Sunglasses", "Beard", "Mustache", "EyesOpen", "MouthOpen")},
    "Emotions": [{"Type": name, "Confidence": 90.0 / (place + 1)} for place, name in enumerate(EMOTIONS)],
    "Landmarks": [{"Type": f"mark{place}", "X": 0.5, "Y": 0.5} for place in range(30)],
    "Pose": {"Roll": 1.5, "Yaw": 2.5, "Pitch": 3.5}, "Quality": {"Brightness": 80.0, "Sharpness": 90.0},
}
REKOGNITION = {
    "DetectLabels": {
        "Labels": [
            {
                "Name": name, "Confidence": confidence, "Instances": [{"BoundingBox": BOX, "Confidence": confidence}],
                "Parents": [{"Name": "Thing"}], "Aliases": [{"Name": f"{name} alias"}], "Categories": [{"Name": "Everyday Objects"}],
            }
            for name, confidence in LABELS
        ],
        "LabelModelVersion": "3.0",
    },
    "DetectFaces": {"FaceDetails": [FACE, FACE]},
    "DetectText": {
        "TextDetections": [
            {
                "DetectedText": "RE16 TGK", "Type": kind, "Id": place, **({"ParentId": 0} if kind == "WORD" else {}), "Confidence": 97.0,
                "Geometry": {"BoundingBox": BOX, "Polygon": POLYGON},
            }
            for place, kind in enumerate(["LINE", "WORD", "WORD"])
        ],
        "TextModelVersion": "3.0",
    },
    "DetectModerationLabels": {"ModerationLabels": [], "ModerationModelVersion": "7.0", "ContentTypes": []},
}

# Settings of the functions name one of these tables; the answer to a query depends on it.
EMPTY_TABLE, CLAIMED_TABLE = "nothing", "claimed"
STATES_TIME = 1795513267.0


def claimed_item(image):
    """The item of DynamoDB that inspect-image writes for the image of the sample events."""
    texts = {
        "ImageID": image["ImageID"], "OwnerID": image["OwnerID"], "ImageName": image["ImageName"], "ProcessingStatus": "PENDING", "ReviewStatus": "NONE",
        "WorkQueue": "PENDING", "S3_URL": f"s3://{image['Bucket']}/{image['Key']}", "VersionId": image["VersionId"],
        "ETag": "b1946ac92492d2347c6235b4d2611184", "ExecutionArn": image["ExecutionArn"],
    }
    numbers = {"UploadTimestamp": image["UploadTimestamp"], "Size": image["Size"], "SchemaVersion": 1, "ClaimedAt": image["UploadTimestamp"]}
    return {name: {"S": text} for name, text in texts.items()} | {name: {"N": str(number)} for name, number in numbers.items()} | {"Analyses": {"M": {}}}


class Services:
    """Answers requests, and counts them since the last `take`."""

    def __init__(self, item):
        self._item = item
        self._upload = b""
        self._seen = []

    async def serve(self, reader, writer):
        """One connection; it ends when the client closes it."""
        try:
            while request := await read_request(reader, writer):
                method, target, headers, body = request
                if target.startswith("/bench/"):
                    await self._send(writer, method, 200, "application/json", json.dumps(self._control(target, body)).encode())
                    continue
                name, seconds, status, kind, answer = self._answer(method, target, headers, body)
                self._seen.append({"call": name, "seconds": seconds, "copy": sampling(body) if name == "s3:PutObject" else None})
                await asyncio.sleep(seconds)
                await self._send(writer, method, status, kind, answer, s3=name.startswith("s3:"))
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def _control(self, target, body):
        if target == "/bench/upload":
            self._upload = body
            return None
        taken, self._seen = self._seen, []
        return taken

    def _answer(self, method, target, headers, body):
        """Name of the call, seconds, status, content type, and body."""
        if "x-amz-target" in headers:
            service, operation = headers["x-amz-target"].split(".")
            if service.startswith("Rekognition"):
                return f"rekognition:{operation}", REKOGNITION_SECONDS, 200, "application/x-amz-json-1.1", json.dumps(REKOGNITION[operation]).encode()
            answer = self._dynamodb(operation, json.loads(body)) if service.startswith("DynamoDB") else states(operation)
            prefix = "dynamodb" if service.startswith("DynamoDB") else "states"
            return f"{prefix}:{operation}", OTHER_SECONDS, 200, "application/x-amz-json-1.0", json.dumps(answer).encode()
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return "sns:Publish", OTHER_SECONDS, 200, "text/xml", PUBLISHED
        name, status, kind, answer = self._s3(method, target, headers)
        return f"s3:{name}", OTHER_SECONDS, status, kind, answer

    def _dynamodb(self, operation, request):
        if operation == "Query":
            items = [self._item] if request["TableName"] == CLAIMED_TABLE and "IndexName" not in request else []
            return {"Items": items, "Count": len(items), "ScannedCount": len(items)}
        if operation == "GetItem":
            return {"Item": self._item} if request["TableName"] == CLAIMED_TABLE else {}
        if operation == "BatchGetItem":
            return {"Responses": {}, "UnprocessedKeys": {}}
        return {}

    def _s3(self, method, target, headers):
        """Name, status, content type, and body. Uploads exist; stored answers, copies and archived originals do not exist yet."""
        path, _, query = target.partition("?")
        parameters = {part.partition("=")[0] for part in query.split("&")}
        exists = "/raw-uploads/" in path
        if "tagging" in parameters:
            return ("GetObjectTagging", 200, "application/xml", NO_TAGS) if method == "GET" else ("PutObjectTagging", 200, "application/xml", b"")
        if "versions" in parameters:
            return "ListObjectVersions", 200, "application/xml", NO_VERSIONS
        if "list-type" in parameters:
            return "ListObjectsV2", 200, "application/xml", NO_OBJECTS
        if method == "HEAD":
            return "HeadObject", 200 if exists else 404, "image/jpeg", self._upload if exists else b""
        if method == "GET":
            return ("GetObject", 200, "image/jpeg", self._upload) if exists else ("GetObject", 404, "application/xml", NO_KEY)
        if method == "DELETE":
            return "DeleteObject", 204, "application/xml", b""
        if "x-amz-copy-source" in headers:
            return "CopyObject", 200, "application/xml", COPIED
        return "PutObject", 200, "application/xml", b""

    async def _send(self, writer, method, status, kind, body, s3=False):
        extra = S3_HEADERS if s3 and status < 400 else "x-amzn-RequestId: 0\r\n"
        head = f"HTTP/1.1 {status} OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
        writer.write(head.encode() if method == "HEAD" else head.encode() + body)
        await writer.drain()


NO_KEY = b"<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>"
NO_TAGS = b"<Tagging><TagSet></TagSet></Tagging>"
NO_VERSIONS = b"<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"
NO_OBJECTS = b"<ListBucketResult><IsTruncated>false</IsTruncated><KeyCount>0</KeyCount></ListBucketResult>"
COPIED = b"<CopyObjectResult><ETag>&quot;b1946ac92492d2347c6235b4d2611184&quot;</ETag></CopyObjectResult>"
PUBLISHED = (
    b'<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId>'
    b"</PublishResult><ResponseMetadata><RequestId>d74b8436-ae13-5ab4-a9ff-ce54dfea72a0</RequestId></ResponseMetadata></PublishResponse>"
)
S3_HEADERS = (
    'ETag: "b1946ac92492d2347c6235b4d2611184"\r\nLast-Modified: Tue, 24 Nov 2026 09:41:07 GMT\r\n'
    "x-amz-version-id: IYV3p45BT0ac8hjHg1houSdS1a.Mro8e\r\n"
)


def states(operation):
    """An answer of Step Functions."""
    return {
        "GetExecutionHistory": {"events": []},
        "ListExecutions": {"executions": []},
        "StartExecution": {"executionArn": "arn:aws:states:eu-west-1:123456789012:execution:machine:name", "startDate": STATES_TIME},
        "DescribeExecution": {
            "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:machine:name", "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:machine",
            "name": "name", "status": "SUCCEEDED", "startDate": STATES_TIME, "stopDate": STATES_TIME, "output": "{}",
        },
    }.get(operation, {})


def sampling(body):
    """The chroma subsampling of a JPEG in the body of a request (which S3 clients may wrap in chunks): "4:4:4", "4:2:0", …; None if there is none."""
    start = body.find(b"\xff\xd8\xff", 0, 200)
    place = start + 2
    while start >= 0 and place + 12 < len(body) and body[place] == 0xFF:
        marker, length = body[place + 1], int.from_bytes(body[place + 2 : place + 4], "big")
        if marker in (0xC0, 0xC1, 0xC2):
            return {(1, 1): "4:4:4", (2, 1): "4:2:2", (2, 2): "4:2:0"}.get(divmod(body[place + 11], 16))
        place += 2 + length
    return None


async def read_request(reader, writer):
    """Method, target, headers with lower-case names, and body; None at the end of the connection."""
    line = await reader.readline()
    if not line.strip():
        return None
    method, target, _ = line.decode("latin-1").split(" ")
    headers = {}
    while (line := (await reader.readline()).decode("latin-1").strip()):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("expect") == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    if headers.get("transfer-encoding") == "chunked":
        return method, target, headers, await read_chunks(reader)
    return method, target, headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def read_chunks(reader):
    """A body in chunks."""
    body = b""
    while length := int(await reader.readline(), 16):
        body += await reader.readexactly(length)
        await reader.readline()
    while (await reader.readline()).strip():
        pass
    return body


async def main(certificate, image):
    """Serves until standard input closes."""
    services = Services(claimed_item(json.loads(Path(image).read_text())["Image"]))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    limit = 1 << 20
    plain = await asyncio.start_server(services.serve, "127.0.0.1", 0, limit=limit)
    secure = await asyncio.start_server(services.serve, "127.0.0.1", 0, limit=limit, ssl=context)
    print(json.dumps({"http": plain.sockets[0].getsockname()[1], "https": secure.sockets[0].getsockname()[1]}), flush=True)
    loop = asyncio.get_running_loop()
    closed = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(closed), sys.stdin)
    await closed.read()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
