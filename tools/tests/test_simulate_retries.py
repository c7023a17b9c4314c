"""The effect of the declared retries under load, with fixed seeds."""

import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import simulate_retries as simulate

SMALL = {"ErrorEquals": ["Recognition.Throttled"], "IntervalSeconds": 2, "BackoffRate": 2, "MaxAttempts": 4, "MaxDelaySeconds": 30}


class Declared(unittest.TestCase):
    def test_retries_are_read_from_definition_and_sdk_settings(self):
        retriers, sdk = simulate.declared()
        self.assertEqual(set(simulate.CALLED) - set(retriers), set())
        self.assertEqual((sdk.attempts, sdk.initial, sdk.most), (5, 1, 20))
        for state in simulate.CALLED:
            self.assertIsNot(retriers[state]["Recognition.Throttled"], retriers[state]["Lambda.TooManyRequestsException"])

    def test_missing_constant_is_named(self):
        with self.assertRaisesRegex(SystemExit, "declares no constant MAX_ATTEMPTS"):
            simulate.Sdk("const OTHER: u32 = 5;\n")

    def test_delay_grows_to_its_maximum(self):
        class Highest:
            def random(self):
                return 1.0

        retrier = simulate.Retrier(SMALL)
        self.assertEqual([retrier.delay(retry, Highest()) for retry in (0, 1, 2, 3, 4, 5_000)], [2, 4, 8, 16, 30, 30])


class Bursts(unittest.TestCase):
    def run_load(self, images, over, quota, concurrency, seed=1, retriers=None):
        declared, sdk = simulate.declared()
        return simulate.Simulation(images, over, quota, concurrency, retriers or declared, sdk, seed).run()

    def assert_meets_the_goal(self, run, quotas_suffice):
        failed, _, _, ratio, _, cost = run.row()
        self.assertEqual(failed, 0)
        self.assertLessEqual(ratio, 1.3)
        if quotas_suffice:
            self.assertLess(cost, 0.1)

    # Injected: 1,000 uploads at once, with quotas of 5 and 50 calls a second and a concurrency of 10 and 1,000 functions, in the simulation.
    # Seen: none fails, and the last one ends within 1.3 times the shortest possible time; if the quotas suffice, retries cost less than 10 %.
    def test_thousand_uploads_at_once_all_complete(self):
        for seed in (1, 2, 3):
            for quota in simulate.QUOTAS:
                for concurrency in simulate.CONCURRENCIES:
                    with self.subTest(seed=seed, quota=quota, concurrency=concurrency):
                        self.assert_meets_the_goal(self.run_load(1_000, 0, quota, concurrency, seed), (quota, concurrency) == (50, 1_000))

    # Injected: 25 uploads a second for 10 minutes, with sufficient quotas and with a Lambda concurrency of 10, in the simulation.
    # Seen: none fails; the backlog of more than an hour ends within 1.3 times the shortest possible time.
    def test_uploads_of_ten_minutes_all_complete(self):
        for quota, concurrency in ((50, 1_000), (50, 10)):
            with self.subTest(quota=quota, concurrency=concurrency):
                self.assert_meets_the_goal(self.run_load(15_000, 600, quota, concurrency), (quota, concurrency) == (50, 1_000))

    def test_retries_of_seconds_fail_a_burst(self):
        entry = simulate.Retrier(SMALL)
        few = {state: {"Recognition.Throttled": entry, "Lambda.TooManyRequestsException": entry} for state in simulate.declared()[0]}
        self.assertGreater(self.run_load(1_000, 0, 5, 10, retriers=few).failed, 500)

    def test_load_within_the_quotas_needs_no_retries_and_no_extra_time(self):
        run = self.run_load(60, 60, 5, 1_000)
        self.assertEqual((run.failed, run.retries), (0, 0))
        self.assertAlmostEqual(run.wasted, 0)
        self.assertLess(run.ended / run.least, 1.05)

    def test_same_seed_gives_the_same_numbers(self):
        self.assertEqual(self.run_load(200, 0, 5, 10).row(), self.run_load(200, 0, 5, 10).row())
        self.assertNotEqual(self.run_load(200, 0, 5, 10).row(), self.run_load(200, 0, 5, 10, seed=2).row())


class Page(unittest.TestCase):
    def test_cost_page_contains_the_printed_table(self):
        page = (ROOT / "docs" / "cost.md").read_text("utf-8")
        retriers, sdk = simulate.declared()
        for name, images, over, quota, concurrency in simulate.scenarios():
            start = f"| {name} | {quota} | {concurrency:,} |"
            rows = [line for line in page.splitlines() if line.startswith(start)]
            self.assertEqual(len(rows), 1, start)
            self.assertEqual(rows[0].split("|")[4].strip(), "0", "images failed")
            if images == 1_000:
                self.assertEqual(rows[0], simulate.line(name, quota, concurrency, simulate.Simulation(images, over, quota, concurrency, retriers, sdk).run()))


if __name__ == "__main__":
    unittest.main()
