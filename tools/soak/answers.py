"""Answers of Rekognition as documented, to be given at once: with them the quota is what holds the images up, and not the models of a laptop."""

import json

AREA = {"Left": 0.25, "Top": 0.25, "Width": 0.5, "Height": 0.5}
# Of the images, so many show a person with text.
WITH_PERSON = 0.3


def _label(name, *parents):
    return {"Name": name, "Confidence": 98.7, "Instances": [], "Parents": [{"Name": parent} for parent in parents]}


def _labels(*labels):
    return {"Labels": labels, "LabelModelVersion": "3.0"}


FAULTS = [
    ("DetectLabels", WITH_PERSON, _labels(_label("Person"), _label("Text"), _label("Street"))),
    ("DetectLabels", None, _labels(_label("Cup"), _label("Coffee", "Beverage"), _label("Beverage"))),
    ("DetectModerationLabels", None, {"ModerationLabels": [], "ModerationModelVersion": "7.0"}),
    ("DetectFaces", None, {"FaceDetails": [{"BoundingBox": AREA, "Confidence": 99.2}]}),
    ("DetectText", None, {"TextDetections": [{"DetectedText": "EXIT", "Type": "LINE", "Id": 0, "Confidence": 97.1, "Geometry": {"BoundingBox": AREA}}], "TextModelVersion": "3.0"}),
]


def faults():
    """Plans of the local Rekognition that give these answers."""
    for operation, share, body in FAULTS:
        yield {"operation": operation, "mode": "answer", "body": json.dumps(body), **({"share": share} if share else {})}
