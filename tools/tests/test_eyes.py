"""The arithmetic of `make eyes`, and its sentences for bad input."""

import json
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "eyes"))

import score
import table
import truth

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + struct.pack(">II", 200, 100)


def label(name, confidence, category="Any"):
    return {"Name": name, "Confidence": confidence, "Categories": [{"Name": category}]}


def face(confidence, left=0.0):
    return {"Confidence": confidence, "BoundingBox": {"Left": left, "Top": 0.0, "Width": 0.1, "Height": 0.2}}


def answer(labels=(), faces=(), lines=(), flags=()):
    return {
        "DetectLabels": {"Labels": list(labels)},
        "DetectFaces": {"FaceDetails": list(faces)},
        "DetectText": {"TextDetections": [{"Type": "LINE", "DetectedText": line} for line in lines]},
        "DetectModerationLabels": {"ModerationLabels": [{"Confidence": confidence} for confidence in flags]},
    }


class Folder(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)
        (self.folder / "a.png").write_bytes(PNG)

    def write(self, content):
        (self.folder / truth.FILE).write_text(content if isinstance(content, str) else json.dumps(content))

    def scores(self, photo, found, labels=()):
        self.write({"labels": list(labels), "photos": [{"file": "a.png", **photo}]})
        return score.of(truth.read(self.folder), {"a.png": found})


class Arithmetic(Folder):
    def test_labels_are_right_wrong_or_missed_at_each_threshold(self):
        found = answer(labels=[label("Dog", 90), label("Cat", 60), label("Bird", 85), label("Sky", 99)])
        scores = self.scores({"labels": ["Dog", "Cat", "Car"]}, found, ["Dog", "Cat", "Car", "Bird"])

        self.assertEqual(scores.labels[55], score.Hits(right=2, wrong=1, missed=1))
        self.assertEqual(scores.labels[80], score.Hits(right=1, wrong=1, missed=2))
        self.assertAlmostEqual(scores.labels[55].f1(), 4 / 6)
        self.assertEqual((scores.label_bins[80], scores.label_bins_right[80], scores.label_bins[90]), (1, 0, 1), "Sky is not judged")

    def test_nothing_there_and_nothing_found_has_no_f1(self):
        self.assertIsNone(score.Hits().f1())
        self.assertEqual(score.Hits(wrong=1).f1(), 0)

    def test_faces_are_matched_with_their_boxes(self):
        found = answer(faces=[face(95), face(70, left=0.5), face(85, left=0.01)])
        scores = self.scores({"faces": [[0, 0, 20, 20], [100, 0, 20, 20]]}, found)

        self.assertEqual(scores.faces[0], score.Hits(right=2, wrong=1, missed=0), "two findings on one face")
        self.assertEqual(scores.faces[80], score.Hits(right=1, wrong=1, missed=1))

    def test_a_number_of_faces_counts_the_surplus_as_false(self):
        scores = self.scores({"faces": 1}, answer(faces=[face(99), face(50)]))

        self.assertEqual(scores.faces[0], score.Hits(right=1, wrong=1))
        self.assertEqual((scores.face_bins_right[90], scores.face_bins_right[50]), (1, 0))

    def test_text_is_compared_without_regard_to_lines(self):
        found = answer(labels=[label("Menu", 51, "Text and Documents")], lines=["NO", "ENTRV"])
        scores = self.scores({"text": "NO ENTRY"}, found)

        self.assertEqual((scores.text_skipped, scores.text_errors, scores.text_characters), (0, 1, 8))

    def test_text_without_a_label_is_skipped_and_a_label_without_text_is_needless(self):
        self.assertEqual(self.scores({"text": "EXIT"}, answer(labels=[label("Text", 49)])).text_skipped, 1)
        self.assertEqual(self.scores({"text": ""}, answer(labels=[label("Text", 50)])).text_needless, 1)

    def test_a_harmless_photo_with_a_moderation_label_is_flagged(self):
        self.assertEqual(self.scores({"harmless": True}, answer(flags=[50])).flagged, ["a.png"])
        self.assertEqual(self.scores({"harmless": True}, answer(flags=[49.9])).flagged, [])

    def test_what_nobody_looked_for_is_not_counted(self):
        scores = self.scores({}, answer(labels=[label("Dog", 90)], faces=[face(90)], lines=["x"], flags=[99]), ["Dog"])
        self.assertEqual(scores, score.Scores())

    def test_distance_counts_insertions_removals_and_replacements(self):
        for a, b, count in [("", "abc", 3), ("abc", "abc", 0), ("kitten", "sitting", 3)]:
            self.assertEqual(score.distance(a, b), count)

    def test_dimensions_are_those_of_the_upright_photo(self):
        self.assertEqual(score.dimensions(PNG), (200, 100))
        frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, 100, 200, 1) + b"\1\x11\0"
        tiff = b"MM\0\x2a\0\0\0\x08\0\x01" + struct.pack(">HHIHH", 0x112, 3, 1, 6, 0)
        exif = b"\xff\xe1" + struct.pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff
        self.assertEqual(score.dimensions(b"\xff\xd8" + frame), (200, 100))
        self.assertEqual(score.dimensions(b"\xff\xd8" + exif + frame), (100, 200))

    def test_the_table_shows_every_figure(self):
        found = answer(labels=[label("Dog", 90), label("Text", 80)], faces=[face(99)], lines=["EXIT"], flags=[60])
        scores = self.scores({"labels": ["Dog"], "faces": 1, "text": "EXIT", "harmless": True}, found, ["Dog"])
        printed = table.text(scores, {"DetectLabels": (120.4, 200.0), "DetectFaces": (80.0, 100.0)}, 640)

        self.assertEqual(dict(line.split("  ", 1) for line in printed.splitlines()).keys(), {*EXPECTED, "DetectLabels", "DetectFaces"})
        for name, value in EXPECTED.items():
            self.assertRegex(printed, rf"(?m)^{name} +{value}$")


EXPECTED = {
    "labels at 55": "F1 1.000, precision 1.000, recall 1.000",
    "labels at 80": "F1 1.000, precision 1.000, recall 1.000",
    "label confidence 90–100": "right in 100.0 % of 1",
    "faces found": "1.000 of 1, 0 false",
    "faces stored, at 80": "1.000, 0 false",
    "face confidence 90–100": "right in 100.0 % of 1",
    "photos with text that are skipped": "0 of 1",
    "characters read wrongly": "0.0 % of 4",
    "harmless photos that are flagged": "1 of 1: a.png",
    "all four": "200 ms, 300 ms of CPU",
    "peak memory": "640 MB",
}


class BadInput(Folder):
    def test_each_mistake_gets_one_sentence(self):
        photo = lambda **fields: {"labels": ["Dog"], "photos": [{"file": "a.png", **fields}]}
        (self.folder / "b.gif").write_bytes(b"GIF89a")
        for content, sentence in [
            ("{", "is not valid JSON"),
            ([], 'must hold an object with a list "photos" that is not empty'),
            ({"photos": [{}]}, 'photo 1 has no "file"'),
            ({"photos": [{"file": "none.jpg"}]}, "none.jpg does not exist"),
            ({"photos": [{"file": "b.gif"}]}, "is neither a JPEG nor a PNG"),
            ({"photos": [{"file": "a.png"}, {"file": "a.png"}]}, "lists a.png twice"),
            (photo(label=["Dog"]), "has the unknown field 'label'"),
            (photo(labels=["Cat"]), "has the label 'Cat', which the list"),
            (photo(labels="Dog"), "must be a list of names"),
            (photo(faces=-1), '"faces" must be a number or a list of boxes'),
            (photo(faces=[[1, 2, 3]]), '"faces" must be a number or a list of boxes'),
            (photo(faces=True), '"faces" must be a number or a list of boxes'),
            (photo(text=5), '"text" must be a text'),
            (photo(harmless="yes"), '"harmless" must be true or false'),
        ]:
            self.write(content)
            with self.assertRaises(truth.BadTruth) as raised:
                truth.read(self.folder)
            self.assertIn(sentence, str(raised.exception))

    def test_the_command_says_what_is_missing_and_helps(self):
        run = lambda *arguments: subprocess.run([sys.executable, ROOT / "tools" / "eyes", *arguments], capture_output=True, text=True)
        self.assertEqual((run("/nowhere").returncode, run("/nowhere").stderr), (1, "eyes: /nowhere is not a folder.\n"))
        self.assertIn("truth.json is missing", run(self.folder).stderr)
        self.assertIn('"labels": ["Person", "Dog", "Bicycle"]', run("--help").stdout)


if __name__ == "__main__":
    unittest.main()
