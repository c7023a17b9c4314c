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
    "local stack": "runs on the [local stack](local.md) with the real functions, state machine and CDK app, by `make test` or `make soak`",
    "real program": "runs the program of the function or command over its real protocol",
    "adapter": "runs the AWS SDK against recorded or documented answers",
    "definition": "runs the definition of the state machine in a JSONata engine",
    "template": "checks the definition or the synthesised templates, without running them",
    "pure": "runs the code with hand-written fakes",
}

# Path prefix of a test → its level; the first match applies.
PLACES = {
    "tests/tests/e2e/": "local stack",
    "tools/soak": "local stack",
    "tests/tests/runtime_api/": "real program",
    "cli/tests/": "real program",
    "local/rekognition/tests/": "real program",
    "crates/aws/": "adapter",
    "tests/tests/state_machine/runs.rs": "definition",
    "tests/tests/state_machine/": "template",
    "cdk/": "template",
    "": "pure",
}

PATTERNS = {
    ".rs": re.compile(r"\s*(?:pub )?(?:async )?fn (row_\d\w*)\("),
    ".py": re.compile(r"\s*def (row_\d\w*)\("),
    ".ts": re.compile(r"""\s*(?:test|it)(?:\.each\(.*\))?\(\s*['"`](row \d.*?)['"`],"""),
}
COMMENT = re.compile(r"\s*//+\s?(.*)")

HEAD = """# Reliability

Faults, the expected behaviour, and the tests that show it. `make reliability` generates this page from [tools/fault_matrix.toml](../tools/fault_matrix.toml) and from the tests: their names begin with the numbers of their rows,
and the comments above them say what they inject and see. `make lint` fails if the page is out of date, or if a row has neither a test nor a reason why it has none.

"Accepted" means that S3 answered 2xx to an upload under `raw-uploads/`. At any time:

    accepted = COMPLETED + FAILED (with a reason) + waiting for review + in flight for less than the time allowed;   orphans = 0;
    each image has exactly one final record; no stored answer of Rekognition is paid for again (decision 2).

"Rejected": the record is FAILED with that [reason](errors.md#reason-codes-of-rejected-images), and the execution succeeds. "Re-runnable": the execution is FAILED at that state and the record is FAILED with the cause; after the
cause is removed, `sightline executions redrive` completes the image without paying again for stored answers.

## The matrix

| row | fault | expected | shown at |
|---|---|---|---|
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
    """The text of the page."""
    order = list(LEVELS)
    matrix, shown = [], []
    for row in rows:
        mine = sorted((test for test in tests if row["number"] in test.rows), key=lambda test: order.index(test.level))
        levels = list(dict.fromkeys(test.level for test in mine))
        remarks = [*levels, *([f"open: {row['open']}"] if "open" in row else [])]
        matrix.append(_line(row["number"], row["fault"], row["expected"], "; ".join(remarks)))
        for place, test in enumerate(mine):
            title = "" if place else f"**{row['number']}** {row['fault']}"
            shown.append(_line(title, test.injected, test.seen, f"[{Path(test.file).name}](../{test.file}) `{test.name}`", test.level))
    levels = "\n".join(_line(level, meaning) for level, meaning in LEVELS.items())
    return (
        HEAD + "\n".join(matrix)
        + "\n\n## Levels\n\nNearest to AWS first; what a laptop [cannot prove](local.md#what-it-cannot-prove-and-where-that-is-shown-instead) is shown at another level.\n\n| level | means |\n|---|---|\n" + levels
        + "\n\n## Tests\n\n| row | injected | seen | test | level |\n|---|---|---|---|---|\n" + "\n".join(shown) + "\n"
    )


def _line(*cells):
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


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
    arguments = parser.parse_args()
    rows, tests = tomllib.loads(MATRIX.read_text("utf-8"))["row"], find_tests(ROOT)
    found, text = list(problems(rows, tests)), page(rows, tests)
    if not arguments.check:
        PAGE.write_text(text, "utf-8")
        print(f"{PAGE.relative_to(ROOT)}: {len(rows)} rows, {len(tests)} tests.", file=sys.stderr)
    elif not PAGE.exists() or PAGE.read_text("utf-8") != text:
        found.append(f"{PAGE.relative_to(ROOT)} is out of date: run `make reliability`.")
    for sentence in found:
        print(sentence, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
