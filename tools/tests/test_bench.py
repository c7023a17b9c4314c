"""The arithmetic of `make bench`, and the page that it writes; not the figures."""

import json
import re
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools" / "bench"))

sys.path[1:1] = [str(ROOT / "tools" / "soak"), str(ROOT / "local" / "stack"), str(ROOT / "tools")]

import aws
import benches
import functions
import own_time
import page
import pipeline
import search
import services
from spread import Spread, number, ratio

MEASURED = {"date": "2026-11-26", "commit": "0123456789", "machine": "a machine", "Python": "3.12.1"}


def spread(value):
    return {"median": value, "low": value, "high": value + 1, "count": 3}


def function(init, first, warm, python=True):
    ours = {"init": spread(init), "first": spread(first), "warm": spread(warm), "rss": spread(8)}
    theirs = {name: spread(10 * value["median"]) for name, value in ours.items()} if python else None
    return {"calls": {"s3:GetObject": 1.0, "rekognition:DetectLabels": 1.0}, **{scheme: {"ours": ours, "python": theirs} for scheme in ("https", "http")}}


def photo(megapixels, warm):
    figures = {"first": spread(warm + 5), "warm": spread(warm), "peak_mb": spread(80)}
    library = {name: spread(value["median"] / 2) for name, value in figures.items()}
    return {"megapixels": megapixels, "format": "jpg", "bytes": 4_000_000, "sampling": "4:2:0", "ours": figures, "libvips": library, "pillow": library}


FUNCTIONS = {
    "functions": {"inspect-image": function(6, 70, 60, python=False), "detect-labels": function(5, 3, 2), "store-record": function(5, 4, 2)},
    "zips": {"detect-labels": 3_000_000}, "python_zip": 18_000_000, "roots": 127,
}


class Figures(unittest.TestCase):
    def test_spread_has_the_median_and_both_quartiles(self):
        found = Spread.of([5, 1, 4, 2, 3])

        self.assertEqual((found.low, found.median, found.high, found.count), (2, 3, 4, 5))
        self.assertEqual(Spread.from_json(found.as_json()), found)
        self.assertEqual(Spread.of([7]), Spread(7, 7, 7, 1))

    def test_numbers_have_three_digits(self):
        self.assertEqual([number(value) for value in (0, 0.931, 4.07, 9.999, 12.34, 99.96, 506.2, 1720)], ["0", "0.93", "4.07", "10.0", "12.3", "100", "506", "1,720"])

    def test_ratio_says_how_many_times_ours_the_other_one_needs(self):
        self.assertEqual((ratio(10, 4), ratio(1, 0)), (2.5, float("inf")))


class OnAws(unittest.TestCase):
    def test_cpu_time_is_stretched_by_the_share_of_a_processor(self):
        self.assertAlmostEqual(aws.stretched(10, 128), 10 * 1769 / 128)
        self.assertEqual(aws.stretched(10, 3000), 10)

    def test_cold_start_is_init_and_first_cpu_and_calls(self):
        row = aws.row("detect-labels", function(init=5, first=3, warm=2))

        calls = aws.REKOGNITION_MS + aws.OTHER_MS
        self.assertAlmostEqual(row.cold_ms, 5 + 3 * 1769 / 128 + calls)
        self.assertAlmostEqual(row.warm_ms, 2 * 1769 / 128 + calls)
        self.assertAlmostEqual(row.python_cold_ms, 50 + 30 * 1769 / 128 + calls)
        self.assertAlmostEqual(row.dollars_per_million, row.warm_ms / 1000 / 8 * 13.3333334 + 0.2, places=5)

    def test_image_takes_the_longest_function_of_each_step(self):
        measured = {"functions": {**FUNCTIONS["functions"], "moderate-image": function(5, 3, 1), "analyze-faces": function(5, 3, 2)}}
        rows = {row.name: row for row in aws.functions(measured, [photo(12, 300)])}
        found = aws.image(measured, [photo(12, 300)])

        self.assertAlmostEqual(rows["inspect-image"].warm_ms, 300 * 1769 / 1024 + aws.REKOGNITION_MS + aws.OTHER_MS)
        self.assertAlmostEqual(found.warm_ms, sum(row.warm_ms for name, row in rows.items() if name != "moderate-image"))
        self.assertAlmostEqual(found.dollars_per_thousand, sum(row.dollars_per_million for row in rows.values()) / 1000)
        self.assertIsNone(aws.image(FUNCTIONS, [photo(12, 300)]), "without all of its functions")

    def test_memory_sizes_are_those_of_the_cdk_app(self):
        sizes = sorted(int(size) for file in (ROOT / "cdk" / "lib").glob("*.ts") for size in re.findall(r"memoryMb: (\d+)", file.read_text("utf-8")))

        self.assertEqual(sorted(aws.MEMORY_MB.values()), sizes)


class ConstantServices(unittest.TestCase):
    def test_every_function_has_settings(self):
        self.assertEqual(sorted(functions.SETTINGS), sorted(manifest.parent.name for manifest in (ROOT / "functions").glob("*/Cargo.toml")))

    def test_sampling_of_a_copy_is_read_from_its_header(self):
        def jpeg(factors):
            return b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x10\x00\x10\x03\x01" + bytes([factors]) + b"\x00\x02\x11\x01\x03\x11\x01" + bytes(8)

        self.assertEqual([services.sampling(jpeg(factors)) for factors in (0x11, 0x21, 0x22)], ["4:4:4", "4:2:2", "4:2:0"])
        # S3 clients may send the length of a chunk first.
        self.assertEqual(services.sampling(b"1f;chunk-signature=0\r\n" + jpeg(0x22)), "4:2:0")
        self.assertIsNone(services.sampling(b'{"Labels": []}'))

    def test_uploads_exist_and_answers_do_not(self):
        constant = services.Services({})

        self.assertEqual(constant._s3("GET", "/bucket/raw-uploads/a.jpg?x-id=GetObject", {})[:2], ("GetObject", 200))
        self.assertEqual(constant._s3("GET", "/bucket/results/1/labels.json", {})[:2], ("GetObject", 404))
        self.assertEqual(constant._s3("PUT", "/bucket/raw-uploads/a.jpg?tagging", {})[0], "PutObjectTagging")


class Budget(unittest.TestCase):
    def test_budget_is_twice_the_time_of_the_services_and_20_ms(self):
        def run(inspecting, analysing):
            steps = {"inspect-image": {"total": inspecting, "services": 20}, "detect-labels": {"total": analysing, "services": 30}}
            return {"steps": steps, "calls": {"s3": 3}}

        kept, late = own_time.summary([run(60, 60)]), own_time.summary([run(61, 60)])
        self.assertEqual((kept["whole"]["budget"], kept["whole"]["own"], kept["whole"]["kept"], late["whole"]["kept"]), (120, 70, True, False))
        self.assertEqual((late["after_inspection"]["budget"], late["after_inspection"]["kept"]), (80, True))


class OutputOfOthers(unittest.TestCase):
    def test_reads_of_a_call_are_read_from_the_contract_test(self):
        lines = ["100000 images and their rows written in 301 s", "GET /api/images?limit=50: 31 ms, 2 queries, 0 batches, 12.5 RCU, Some(50) images"]
        found = search.read("\n".join([*lines, "GET /api/images/months: 4 ms, 1 queries, 0 batches, 0.5 RCU, None images", ""]))

        self.assertEqual(found["photos"], 100_000)
        self.assertEqual(found["calls"][0], {"request": "GET /api/images?limit=50", "millis": 31, "queries": 2, "batches": 0, "capacity": 12.5, "found": 50})
        self.assertIsNone(found["calls"][1]["found"])

    def test_medians_are_read_from_criterion(self):
        output = "label rules/read\n                        time:   [32.004 µs 39.113 µs 47.140 µs]\nshort name              time:   [719.92 ns 845.16 ns 1.0000 µs]\n"

        self.assertEqual([(bench["name"], bench["shown"]) for bench in benches.read(output)], [("label rules/read", "39.113 µs (32.004 µs to 47.140 µs)"), ("short name", "845.16 ns (719.92 ns to 1.0000 µs)")])

    def test_benches_are_found_in_the_manifests(self):
        self.assertIn("label_rules", benches.benches()["sightline-domain"])


class Page(unittest.TestCase):
    def test_page_leads_with_the_ratios(self):
        found = page.text({"functions": {"measured": MEASURED, "figures": FUNCTIONS}, "images": {"measured": MEASURED, "figures": [photo(12, 300), photo(24, 600)]}})

        self.assertLess(found.index("## In short"), found.index("## Functions"))
        self.assertIn("| CPU time of a function's init | Python handler, same calls | **10.0** (10.0–10.0) |", found)
        self.assertIn("| CPU time of inspecting a photo | libvips, same copy and thumbnails | **0.50** (0.50–0.50) |", found)
        self.assertIn("| detect-labels | 5.00 ± 0.50 / 50.0 ± 0.50 = **10.0** |", found)
        self.assertIn("| inspect-image | 6.00 ± 0.50 |", found)
        self.assertIn("at commit 0123456789 on a machine; Python 3.12.1.", found)

    def test_states_of_an_image_are_those_of_the_rules_of_its_cost(self):
        self.assertIn(f"| states entered by an image without an alert | {pipeline.states()} |", (ROOT / "docs" / "architecture.md").read_text("utf-8"))

    def test_pipeline_says_whose_cpu_time_a_photo_needs(self):
        run = {"name": "20 at once", "images": 20, "seconds": 40, "seconds_an_image": 2, "latency": spread(9), "models_seconds": 3, "cpu": {"local-rekognition": 1.5, "functions": 0.25}}
        figures = {"runs": [run], "states": 11, "calls": {"DetectLabels": 1.0, "DetectFaces": 0.5}, "calls_an_image": 1.5}
        found = page.text({"pipeline": {"measured": MEASURED, "figures": figures}})

        self.assertIn("| 20 at once | 20 | 2.00 | 9.00 ± 0.50 | 3.00 | 1.50 | 0.25 | 0 |", found)
        self.assertIn("Rekognition calls of an image: 1.50 (DetectLabels 1.00, DetectFaces 0.50)", found)

    def test_committed_page_is_that_of_the_committed_results(self):
        results = json.loads((ROOT / "docs" / "performance.json").read_text("utf-8"))

        self.assertEqual((ROOT / "docs" / "performance.md").read_text("utf-8"), page.text(results), "run `python3 tools/bench --page-only`")

    def test_sections_that_were_not_measured_are_left_out(self):
        self.assertNotIn("## Photos", page.text({"functions": {"measured": MEASURED, "figures": FUNCTIONS}}))


if __name__ == "__main__":
    unittest.main()
