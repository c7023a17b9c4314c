#!/usr/bin/env python3
"""Writes docs/reliability.md: the fault matrix, and for each of its rows the tests that show it."""

import argparse
import sys
import tomllib
from pathlib import Path

import evidence

ROOT = Path(__file__).resolve().parents[1]
MATRIX = ROOT / "tools" / "fault_matrix.toml"
PAGE = ROOT / "docs" / "reliability.md"

HEAD = """# Reliability

What can go wrong, what is expected then, and the tests that show it. `make reliability` makes this page of [tools/fault_matrix.toml](../tools/fault_matrix.toml) and of the tests: their names begin with the numbers of their rows,
the comments above them say what is injected and what is seen. `make lint` fails where the page is not up to date, or where a row has neither a test nor a reason for having none.

"Accepted" means that S3 answered 2xx to an upload under `raw-uploads/`. At any time:

    accepted = COMPLETED + FAILED (with a reason) + waiting for review + in flight for less than the time allowed;   orphans = 0;
    each image has exactly one final record; no stored answer of Rekognition is paid for again (decision 2).

"Rejected": the record is FAILED with that [reason](errors.md#reason-codes-of-rejected-images), and the execution ends well. "Re-runnable": the execution is FAILED at that very state, the record FAILED with the cause; once the
cause is gone, `sightline executions redrive` ends COMPLETED without paying again for what had succeeded.

## The matrix

| row | fault | expected | shown at |
|---|---|---|---|
"""


def page(rows, tests):
    """The whole page."""
    order = list(evidence.LEVELS)
    matrix, shown = [], []
    for row in rows:
        mine = sorted((test for test in tests if row["number"] in test.rows), key=lambda test: order.index(test.level))
        levels = list(dict.fromkeys(test.level for test in mine))
        remarks = [*levels, *([f"open: {row['open']}"] if "open" in row else [])]
        matrix.append(_line(row["number"], row["fault"], row["expected"], "; ".join(remarks)))
        for place, test in enumerate(mine):
            title = "" if place else f"**{row['number']}** {row['fault']}"
            shown.append(_line(title, test.injected, test.seen, f"[{Path(test.file).name}](../{test.file}) `{test.name}`", test.level))
    levels = "\n".join(_line(level, meaning) for level, meaning in evidence.LEVELS.items())
    return (
        HEAD + "\n".join(matrix)
        + "\n\n## Levels\n\nThe nearest to AWS first; what a laptop [cannot prove](local.md#what-it-cannot-prove-and-where-that-is-shown-instead) is shown at another one.\n\n| level | means |\n|---|---|\n" + levels
        + "\n\n## What shows it\n\n| row | injected | seen | test | level |\n|---|---|---|---|---|\n" + "\n".join(shown) + "\n"
    )


def _line(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


def problems(rows, tests):
    """What is wrong with the matrix or the tests, one sentence each."""
    for test in tests:
        yield from test.problems()
    known = [row["number"] for row in rows]
    if known != list(range(1, len(rows) + 1)):
        yield f"{MATRIX.name}: the rows must be numbered from 1 on, without a gap."
    covered = {number for test in tests for number in test.rows}
    for number in sorted(covered.difference(known)):
        yield f"A test shows row {number}, which {MATRIX.name} does not have."
    for row in rows:
        if row["number"] not in covered and "open" not in row:
            yield f"Row {row['number']} ({row['fault']}) has no test: write one named row_{row['number']:02}_…, or say in {MATRIX.name} why it is open."


def main():
    """The command. Exit codes: 0 done, 1 something is wrong (one sentence each says what)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is not up to date")
    arguments = parser.parse_args()
    rows, tests = tomllib.loads(MATRIX.read_text("utf-8"))["row"], evidence.everywhere(ROOT)
    wrong, text = list(problems(rows, tests)), page(rows, tests)
    if not arguments.check:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE.relative_to(ROOT)}: {len(rows)} rows, {len(tests)} tests.", file=sys.stderr)
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        wrong.append(f"{PAGE.relative_to(ROOT)} is not up to date: run `make reliability`.")
    for sentence in wrong:
        print(sentence, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
