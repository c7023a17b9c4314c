"""The Lambdas that sightline's functions replace: a Python handler on awslambdaric and boto3 that makes the same calls as one of our functions.

`awslambdaric` runs `handle`; the variable CALLS_OF names the function. The handler passes answers on without validating or classifying anything,
so it does less than the function that it is compared with. inspect-image is not here: `pictures.py` compares its work on pixels.
"""

import json
import os

import boto3
from botocore.exceptions import ClientError

FUNCTION = os.environ["CALLS_OF"]
RECORDS, LABEL_INDEX, TOPIC = "claimed", "labels", "arn:aws:sns:eu-west-1:123456789012:alerts"
# Function → operation of Rekognition, and its parameters besides the image.
ANALYSES = {
    "detect-labels": ("detect_labels", {"MaxLabels": 50, "MinConfidence": 50}),
    "analyze-faces": ("detect_faces", {"Attributes": ["ALL"]}),
    "detect-text": ("detect_text", {}),
    "moderate-image": ("detect_moderation_labels", {"MinConfidence": 50}),
}


def analyse(event):
    """Calls Rekognition and stores the answer, as in the first attempt of a new image."""
    image = event["Image"]
    operation, parameters = ANALYSES[FUNCTION]
    key = f"results/{image['ImageID']}/{operation}.json"
    answer = getattr(rekognition, operation)(Image={"S3Object": {"Bucket": image["Bucket"], "Name": image["ProcessedKey"]}}, **parameters)
    answer.pop("ResponseMetadata")
    s3.put_object(Bucket=image["Bucket"], Key=key, Body=json.dumps(answer), ContentType="application/json")
    return {"Status": "DONE", "ResultKey": key, **answer}


def send_alert(event):
    """Reads the receipt, which is absent; publishes; stores the receipt."""
    image = event["Image"]
    key = f"results/{image['ImageID']}/alert.json"
    stored = read(image["Bucket"], key)
    if stored is not None:
        return stored
    sent = sns.publish(TopicArn=TOPIC, Subject="sightline", Message=json.dumps({"ImageID": image["ImageID"], "Labels": event["Labels"]}))
    receipt = {"MessageId": sent["MessageId"]}
    s3.put_object(Bucket=image["Bucket"], Key=key, Body=json.dumps(receipt), ContentType="application/json")
    return receipt


def request_review(event):
    """Puts the record into the queue of reviews."""
    texts = {"WorkQueue": "REVIEW", "ReviewStatus": "PENDING", "ReviewToken": event["TaskToken"]}
    dynamodb.update_item(
        TableName=RECORDS, Key={"ImageID": {"S": event["Image"]["ImageID"]}, "UploadTimestamp": {"N": str(event["Image"]["UploadTimestamp"])}},
        UpdateExpression="SET " + ", ".join(f"#{place} = :{place}" for place in range(len(texts))),
        ExpressionAttributeNames={f"#{place}": name for place, name in enumerate(texts)},
        ExpressionAttributeValues={f":{place}": {"S": text} for place, text in enumerate(texts.values())},
    )


def store_record(event):
    """Writes the record with a row for each label in one transaction, and tags the original."""
    image = event["Image"]
    item = {"ImageID": {"S": image["ImageID"]}, "UploadTimestamp": {"N": str(image["UploadTimestamp"])}, "OwnerID": {"S": image["OwnerID"]}}
    labels = [label["Name"] for label in event["Labels"]["Labels"]]
    record = {**item, "ProcessingStatus": {"S": "COMPLETED"}, "Labels": {"L": [{"S": label} for label in labels]}}
    rows = [{"Label": {"S": label}, "ImageID": item["ImageID"], "UploadTimestamp": item["UploadTimestamp"]} for label in labels]
    condition = {"ConditionExpression": "ExecutionArn = :arn", "ExpressionAttributeValues": {":arn": {"S": image["ExecutionArn"]}}}
    puts = [{"Put": {"TableName": RECORDS, "Item": record, **condition}}, *({"Put": {"TableName": LABEL_INDEX, "Item": row}} for row in rows)]
    dynamodb.transact_write_items(TransactItems=puts)
    place = {"Bucket": image["Bucket"], "Key": image["Key"], "VersionId": image["VersionId"]}
    tags = s3.get_object_tagging(**place)["TagSet"]
    s3.put_object_tagging(**place, Tagging={"TagSet": [*tags, {"Key": "status", "Value": "analyzed"}]})
    return {"ImageID": image["ImageID"], "ProcessingStatus": "COMPLETED"}


def read(bucket, key):
    """An object as JSON; None if it is absent."""
    try:
        return json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
            return None
        raise


RUN = {**dict.fromkeys(ANALYSES, analyse), "send-alert": send_alert, "request-review": request_review, "store-record": store_record}[FUNCTION]
# As usual, the clients are made in the init phase: only those that the function needs.
if RUN in (analyse, send_alert, store_record):
    s3 = boto3.client("s3")
if RUN is analyse:
    rekognition = boto3.client("rekognition")
if RUN is send_alert:
    sns = boto3.client("sns")
if RUN in (request_review, store_record):
    dynamodb = boto3.client("dynamodb")


def handle(event, context):
    """The Lambda handler."""
    return RUN(event)
