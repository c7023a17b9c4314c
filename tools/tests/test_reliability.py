"""The generator of docs/reliability.md: reading tests, and finding problems."""

import sys
import textwrap
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import reliability


def read(file, text):
    return list(reliability.tests_in(file, textwrap.dedent(text)))


class Reading(unittest.TestCase):
    def test_rows_and_description_of_a_rust_test_are_read(self):
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

    def test_typescript_and_python_tests_are_read(self):
        (typed,) = read("cdk/test/a.test.ts", """
            /// Injected: this.
            // Seen: that.
            test('row 34 row 15: nothing else starts', () => {
        """)
        (scripted,) = read("tools/soak.py", '''
            def row_35_many(stack):
                """Many at once.

                Injected: this.
                Seen: that.
                """
        ''')

        self.assertEqual((typed.rows, typed.level, typed.injected, typed.seen), ([34, 15], "template", "this.", "that."))
        self.assertEqual((scripted.rows, scripted.level, scripted.injected, scripted.seen), ([35], "local stack", "this.", "that."))

    def test_comments_of_other_functions_are_ignored(self):
        (test,) = read("crates/x.rs", """
            /// Injected: of another one.
            /// Seen: of another one.
            fn helper() {}

            fn row_1_a_name() {}
        """)

        self.assertEqual((test.rows, len(list(test.problems()))), ([], 3))


class Checking(unittest.TestCase):
    ROWS = [{"number": 1, "fault": "f", "expected": "e"}, {"number": 2, "fault": "g", "expected": "e", "open": "not yet."}]

    def test_row_without_a_test_needs_a_reason(self):
        self.assertEqual(len(list(reliability.problems(self.ROWS, []))), 1)

    def test_test_of_an_unknown_row_is_reported(self):
        tests = read("x.rs", "/// Injected: a.\n/// Seen: b.\nfn row_01_row_37_a() {}")

        (problem,) = reliability.problems(self.ROWS, tests)
        self.assertIn("row 37", problem)

    def test_level_nearest_to_aws_comes_first(self):
        both = [*read("x.rs", "/// Injected: a.\n/// Seen: p|q.\nfn row_01_a() {}"), *read("tests/tests/e2e/x.rs", "/// Injected: a.\n/// Seen: b.\nfn row_01_b() {}")]

        page = reliability.page(self.ROWS, both)
        self.assertIn("| 1 | f | e | local stack; pure |", page)
        self.assertIn("| 2 | g | e | open: not yet. |", page)
        self.assertIn("p\\|q.", page)
        self.assertLess(page.index("row_01_b"), page.index("row_01_a"))


if __name__ == "__main__":
    unittest.main()
