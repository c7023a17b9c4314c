"""Which records count as lost, duplicated and settled."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "soak"))

import figures


def record(image, status="COMPLETED", **more):
    return {"ImageID": image, "ProcessingStatus": status, **more}


def counted(records, calls=None):
    return figures.of({"a", "b"}, records, calls or {}, usage=None, seconds=1.0, more={})


class Counting(unittest.TestCase):
    def test_one_record_per_image_passes(self):
        found = counted([record("a"), record("b", "FAILED", StatusReason="TRUNCATED")])

        self.assertTrue(found.passed())
        self.assertEqual((found.completed, found.failed), (1, 1))

    def test_accepted_image_without_a_record_is_lost(self):
        found = counted([record("a")])

        self.assertEqual((found.lost, found.passed()), (1, False))

    def test_second_items_and_images_that_were_not_uploaded_are_duplicates(self):
        found = counted([record("a"), record("b"), record("b"), record("c")])

        self.assertEqual((found.duplicated, found.passed()), (2, False))

    def test_failure_that_a_redrive_may_resolve_is_unfinished(self):
        found = counted([record("a", "FAILED", StatusReason="Recognition.Throttled"), record("b", "PENDING", ReviewStatus="PENDING")])

        self.assertEqual((found.unfinished, found.waiting, found.passed()), (1, 1, False))

    def test_paid_calls_are_compared_with_those_that_the_records_needed(self):
        done = {"Labels": {"Status": "DONE"}, "Faces": {"Status": "SKIPPED"}}
        answered = {"answered": 2, "throttled": 3, "failed": 0, "refused": 0}
        found = counted([record("a", Analyses=done), record("b")], {"a": {"DetectLabels": answered}})

        self.assertEqual((found.paid, found.needed, found.paid_twice, found.calls["throttled"]), (2, 1, 1, 3))


if __name__ == "__main__":
    unittest.main()
