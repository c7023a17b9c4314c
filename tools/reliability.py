#!/usr/bin/env python3
"""Writes docs/reliability.md: the fault matrix, with the tests that show each row.

A test shows a row if its name begins with `row_NN_` (Rust, Python) or its title with `row NN` (TypeScript). Comments above it describe what it injects and sees.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MATRIX = ROOT / "tools" / "fault_matrix.toml"
PAGE = ROOT / "docs" / "reliability.md"

# The levels of tests, nearest to AWS first.
LEVELS = {
    "soak": "the whole system on its own local stack, under load or stopped in the middle (`make soak`)",
    "local stack": "the whole system on the [local stack](local.md), called from outside",
    "real program": "the program of a function or the command, over its real protocol",
    "contract": "the in-memory fakes, and the adapters over the local DynamoDB and S3, by the same cases",
    "adapter": "the AWS SDK with recorded or documented responses",
    "definition": "the state machine's definition, run by a JSONata engine",
    "template": "assertions on the definition or on the synthesised templates",
    "unit": "the code alone, with in-memory fakes",
}

# Path prefix of a test → its level; the first match applies.
PLACES = {
    "tools/soak": "soak",
    "tests/tests/e2e/": "local stack",
    "web/e2e/": "local stack",
    "tests/tests/runtime_api/": "real program",
    "tests/tests/contract/": "contract",
    "cli/tests/": "real program",
    "local/rekognition/tests/": "real program",
    "crates/aws/": "adapter",
    "tests/tests/state_machine/runs.rs": "definition",
    "tests/tests/state_machine/": "template",
    "cdk/": "template",
    "": "unit",
}

PATTERNS = {
    ".rs": re.compile(r"\s*(?:pub )?(?:async )?fn (row_\d\w*)\("),
    ".py": re.compile(r"\s*def (row_\d\w*)\("),
    ".ts": re.compile(r"""\s*(?:test|it)(?:\.each\(.*\))?\(\s*['"`](row \d.*?)['"`],"""),
}
COMMENT = re.compile(r"\s*//+\s?(.*)")

HEAD = """# What happens when something fails?

The matrix lists every fault that we expect, the result, and the tests that show it: the one nearest to AWS and the
cheapest one. The invariant behind all rows:

    accepted = COMPLETED + FAILED with a reason + waiting for review + in progress, within the time limits

An upload is **accepted** when S3 answers 2xx for a key under `raw-uploads/`. Each accepted image has exactly one final
record, and no stored answer of Rekognition is paid for again. `tests/tests/invariant/` checks the invariant under
[random orders of faults](../tests/README.md#the-invariant-under-random-faults).

- **Rejected**: the execution succeeds, and the record is FAILED with a
  [reason code](errors.md#reason-codes-of-rejected-images).
- **Redrivable**: the execution fails at the state where the fault occurred, and the record is FAILED with the cause.
  After the cause is repaired, `sightline executions redrive` completes the image.

## Levels of tests

Nearest to AWS first. What the local stack cannot prove is [tested at another level](local.md#what-can-it-not-prove).

| level | meaning |
|---|---|
"""

BEFORE_ROWS = """
## The matrix

| row | fault | result | nearest to AWS | cheapest |
|---|---|---|---|---|
"""

FOOT = """
Test names begin with the numbers of their rows (`row_01_…`); the comments above the tests say what is injected and what
is seen. `python3 tools/reliability.py --list` prints all tests of each row. `make reliability` writes this page from
[tools/fault_matrix.toml](../tools/fault_matrix.toml) and the tests. `make lint` fails if the page is out of date, or if
a row has neither a test nor a reason why it is open.
"""


class RowTest:
    """A test, the rows that it shows, and its description of them."""

    def __init__(self, file, name, comments):
        self.file = file
        self.name = name
        self.rows = _rows(name)
        self.injected = _described("Injected", comments)
        self.seen = _described("Seen", comments)
        self.level = next(level for start, level in PLACES.items() if file.startswith(start))

    def problems(self):
        """One sentence for each problem of the test."""
        at = f"{self.file}: {self.name}"
        if not self.rows:
            yield f"{at}: the name must begin with row_NN_, a number of two digits (row_01_row_02_ for several)."
        for what, text in (("Injected", self.injected), ("Seen", self.seen)):
            if not text:
                yield f"{at}: a comment line `{what}: …` is missing above it."


def find_tests(root):
    """All tests of the repository that show a row, ordered by file."""
    names = [f"*{suffix}" for suffix in PATTERNS]
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *names], cwd=root, capture_output=True, text=True, check=True)
    # The tests of this tool contain examples.
    files = [file for file in sorted(set(listed.stdout.splitlines())) if (root / file).exists() and not file.startswith("tools/tests/")]
    return [test for file in files for test in tests_in(file, (root / file).read_text("utf-8"))]


def tests_in(file, text):
    """The tests of one file."""
    suffix, lines, comments = Path(file).suffix, text.splitlines(), []
    for number, line in enumerate(lines):
        if match := PATTERNS[suffix].match(line):
            yield RowTest(file, match.group(1), _docstring(lines[number + 1 :]) if suffix == ".py" else comments)
        if line.strip().startswith("#["):
            continue  # an attribute is between the comment and the test
        comment = COMMENT.match(line)
        comments = [*comments, comment.group(1)] if comment else []


def _rows(name):
    """`row_01_row_02_x` and `row 01 row 02: x` show rows 1 and 2."""
    rows = []
    while match := re.match(r"row[_ ](\d\d)[_ :]+", name):
        rows.append(int(match.group(1)))
        name = name[match.end() :]
    return rows


def _docstring(lines):
    """The docstring lines of a Python function, from the lines after `def`."""
    match = re.match(r'\s*"""(.*?)"""', "\n".join(lines), re.S)
    return [line.strip() for line in match.group(1).splitlines()] if match else []


def _described(what, comments):
    """The text after `what:`, which may continue on the following lines."""
    parts = []
    for line in comments:
        if line.startswith(f"{what}:"):
            parts = [line.removeprefix(f"{what}:").strip()]
        elif parts and (not line or re.match(r"[A-Z]\w+:", line)):
            break
        elif parts:
            parts.append(line)
    return " ".join(parts)


def page(rows, tests):
    """The whole page."""
    levels = [_line(level, meaning) for level, meaning in LEVELS.items()]
    return HEAD + "\n".join(levels) + "\n" + BEFORE_ROWS + "\n".join(_row(row, tests) for row in rows) + "\n" + FOOT


def _row(row, tests):
    """The row of the matrix, with its test nearest to AWS and, at another level, its cheapest test."""
    shown = _of_row(row, tests)
    nearest = _best_at(shown[0].level, shown) if shown else None
    cheapest = _best_at(shown[-1].level, shown) if shown and shown[-1].level != shown[0].level else None
    expected = f"{row['expected']} **Open:** {row['open']}." if "open" in row else row["expected"]
    return _line(row["number"], row["fault"], expected, _link(nearest), _link(cheapest))


def _of_row(row, tests):
    """The tests of a row, those nearest to AWS first."""
    order = list(LEVELS)
    return sorted((test for test in tests if row["number"] in test.rows), key=lambda test: order.index(test.level))


def _best_at(level, tests):
    """A test at a level: from the file with the most tests of the row, the one that shows the fewest other rows."""
    candidates = [test for test in tests if test.level == level]
    files = [test.file for test in candidates]
    return min(candidates, key=lambda test: (-files.count(test.file), len(test.rows)))


def _link(test):
    return f"[{test.level}](../{test.file})" if test else ""


def _line(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def listing(rows, tests):
    """Every test of every row, as text."""
    for row in rows:
        yield f"{row['number']}. {row['fault']}\n   {row['expected']}"
        for test in _of_row(row, tests):
            yield f"   - {test.level}: {test.file}: {test.name}\n     Injected: {test.injected}\n     Seen: {test.seen}"
        yield ""


def problems(rows, tests):
    """One sentence for each problem of the matrix and the tests."""
    for test in tests:
        yield from test.problems()
    known = [row["number"] for row in rows]
    if known != list(range(1, len(rows) + 1)):
        yield f"{MATRIX.name}: the rows must be numbered from 1 without gaps."
    covered = {number for test in tests for number in test.rows}
    for number in sorted(covered.difference(known)):
        yield f"A test shows row {number}, which is not in {MATRIX.name}."
    for row in rows:
        if row["number"] not in covered and "open" not in row:
            yield f"Row {row['number']} ({row['fault']}) has no test: add one named row_{row['number']:02}_…, or give the reason as `open` in {MATRIX.name}."


def main():
    """Exit codes: 0 done, 1 problems were found (one sentence each is printed)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")
    parser.add_argument("--list", action="store_true", help="write nothing; print every test of every row")
    arguments = parser.parse_args()
    rows, tests = tomllib.loads(MATRIX.read_text("utf-8"))["row"], find_tests(ROOT)
    found, text = list(problems(rows, tests)), page(rows, tests)
    if arguments.list:
        print("\n".join(listing(rows, tests)))
    elif not arguments.check:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE.relative_to(ROOT)}: {len(rows)} rows, {len(tests)} tests.", file=sys.stderr)
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        found.append(f"{PAGE.relative_to(ROOT)} is out of date: run `make reliability`.")
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
