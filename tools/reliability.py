#!/usr/bin/env python3
"""Writes docs/reliability.md: the fault matrix, with two tests for each row."""

import argparse
import sys
import tomllib
from pathlib import Path

import evidence

ROOT = Path(__file__).resolve().parents[1]
MATRIX = ROOT / "tools" / "fault_matrix.toml"
PAGE = ROOT / "docs" / "reliability.md"

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


def page(rows, tests):
    """The whole page."""
    levels = [_line(level, meaning) for level, meaning in evidence.LEVELS.items()]
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
    order = list(evidence.LEVELS)
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
    """What is wrong with the matrix or the tests, one sentence each."""
    for test in tests:
        yield from test.problems()
    known = [row["number"] for row in rows]
    if known != list(range(1, len(rows) + 1)):
        yield f"{MATRIX.name}: the rows must be numbered from 1 without a gap."
    covered = {number for test in tests for number in test.rows}
    for number in sorted(covered.difference(known)):
        yield f"A test shows row {number}, which {MATRIX.name} does not have."
    for row in rows:
        if row["number"] not in covered and "open" not in row:
            yield f"Row {row['number']} ({row['fault']}) has no test: write one named row_{row['number']:02}_…, or say in {MATRIX.name} why it is open."


def main():
    """The command. Exit codes: 0 done, 1 a problem was found (one sentence on stderr for each)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the page is out of date")
    parser.add_argument("--list", action="store_true", help="write nothing; print every test of every row")
    arguments = parser.parse_args()
    rows, tests = tomllib.loads(MATRIX.read_text("utf-8"))["row"], evidence.everywhere(ROOT)
    wrong, text = list(problems(rows, tests)), page(rows, tests)
    if arguments.list:
        print("\n".join(listing(rows, tests)))
    elif not arguments.check:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE.relative_to(ROOT)}: {len(rows)} rows, {len(tests)} tests.", file=sys.stderr)
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        wrong.append(f"{PAGE.relative_to(ROOT)} is out of date: run `make reliability`.")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
