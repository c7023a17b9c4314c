"""Tests of tools/reliability.py: how it reads tests, what it reports, and what it writes."""

import sys
import textwrap
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import reliability


def read(file, text):
    return list(reliability.tests_in(file, textwrap.dedent(text)))


class Reading(unittest.TestCase):
    def test_reads_rows_and_comment_of_a_rust_test(self):
        (test,) = read("tests/tests/e2e/faults.rs", """
            /// Some words more.
            ///
            /// Injected: a fault,
            /// in two lines.
            /// Seen: it | is met.
            #[tokio::test]
            #[allow(unused)]
            async fn row_01_row_34_a_name() {
        """)

        self.assertEqual((test.name, test.rows, test.level), ("row_01_row_34_a_name", [1, 34], "local stack"))
        self.assertEqual((test.injected, test.seen), ("a fault, in two lines.", "it | is met."))
        self.assertEqual(list(test.problems()), [])

    def test_reads_typescript_and_python(self):
        (typed,) = read("cdk/test/a.test.ts", """
            /// Injected: this.
            // Seen: that.
            test('row 34 row 15: nothing else starts', () => {
        """)
        (scripted,) = read("tools/soak/rows.py", '''
            def row_35_many(stack):
                """Many at once.

                Injected: this.
                Seen: that.
                """
        ''')

        self.assertEqual((typed.rows, typed.level, typed.injected, typed.seen), ([34, 15], "template", "this.", "that."))
        self.assertEqual((scripted.rows, scripted.level, scripted.injected, scripted.seen), ([35], "soak", "this.", "that."))

    def test_ignores_comments_of_other_items(self):
        (test,) = read("crates/x.rs", """
            /// Injected: of another one.
            /// Seen: of another one.
            fn helper() {}

            fn row_1_a_name() {}
        """)

        self.assertEqual((test.rows, len(list(test.problems()))), ([], 3))


class Checking(unittest.TestCase):
    ROWS = [{"number": 1, "fault": "f", "expected": "e"}, {"number": 2, "fault": "g", "expected": "e", "open": "not yet"}]

    def test_reports_a_row_without_test_and_reason(self):
        self.assertEqual(len(list(reliability.problems(self.ROWS, []))), 1)

    def test_reports_a_test_of_an_unknown_row(self):
        tests = read("x.rs", "/// Injected: a.\n/// Seen: b.\nfn row_01_row_37_a() {}")

        (problem,) = reliability.problems(self.ROWS, tests)
        self.assertIn("row 37", problem)

    def test_each_row_links_to_the_test_nearest_to_aws_and_to_the_cheapest_one(self):
        tests = [
            *read("x.rs", "/// Injected: a.\n/// Seen: b.\nfn row_01_a() {}"),
            *read("crates/aws/y.rs", "/// Injected: a.\n/// Seen: b.\nfn row_01_b() {}"),
            *read("tests/tests/e2e/many.rs", "/// Injected: a.\n/// Seen: b.\nfn row_01_row_02_c() {}"),
            *read("tests/tests/e2e/one.rs", "/// Injected: a.\n/// Seen: b.\nfn row_01_d() {}"),
        ]

        page = reliability.page(self.ROWS, tests)

        self.assertIn("| 1 | f | e | [local stack](../tests/tests/e2e/one.rs) | [unit](../x.rs) |", page)
        self.assertIn("| 2 | g | e **Open:** not yet. | [local stack](../tests/tests/e2e/many.rs) |  |", page)

    def test_a_pipe_does_not_end_a_cell(self):
        self.assertIn("| 1 | p\\|q | e |", reliability.page([{"number": 1, "fault": "p|q", "expected": "e"}], []))

    def test_the_list_has_every_test_of_every_row(self):
        tests = read("x.rs", "/// Injected: a.\n/// Seen: b|c.\nfn row_01_row_02_a() {}")

        text = "\n".join(reliability.listing(self.ROWS, tests))

        self.assertEqual(text.count("- unit: x.rs: row_01_row_02_a\n     Injected: a.\n     Seen: b|c."), 2)


if __name__ == "__main__":
    unittest.main()
