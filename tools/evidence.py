"""The tests that show rows of the fault matrix: Rust's and Python's `row_NN_…`, TypeScript's titles `row NN …`, with what they say above them."""

import re
import subprocess
from pathlib import Path

# Levels, the nearest to AWS first.
LEVELS = {
    "local stack": "run from outside, on the [local stack](local.md), through the real functions, state machine and CDK app, by `make test` or `make soak`",
    "real program": "the function's or command's own program, over its real protocol",
    "adapter": "the AWS SDK against recorded or documented answers",
    "definition": "the state machine's definition, run by a JSONata engine",
    "template": "read from the definition or the synthesised templates, not run",
    "pure": "the code alone, over fakes written by hand",
}

# Where a test lies → its level: the first that fits.
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


class Evidence:
    """A test, the rows that it shows, and what it says of them."""

    def __init__(self, file, name, comments):
        self.file = file
        self.name = name
        self.rows = _rows(name)
        self.injected = _said("Injected", comments)
        self.seen = _said("Seen", comments)
        self.level = next(level for start, level in PLACES.items() if file.startswith(start))

    def problems(self):
        """What is wrong with it, one sentence each."""
        at = f"{self.file}: {self.name}"
        if not self.rows:
            yield f"{at}: the name must begin with row_NN_, a number of two digits (row_01_row_02_ for several)."
        for what, text in (("Injected", self.injected), ("Seen", self.seen)):
            if not text:
                yield f"{at}: a comment line `{what}: …` is missing above it."


def everywhere(root):
    """All tests of the repository that show a row, in the order of their files."""
    names = [f"*{suffix}" for suffix in PATTERNS]
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *names], cwd=root, capture_output=True, text=True, check=True)
    # The tests of this tool hold examples.
    files = [file for file in sorted(set(listed.stdout.splitlines())) if (root / file).exists() and not file.startswith("tools/tests/")]
    return [test for file in files for test in within(file, (root / file).read_text("utf-8"))]


def within(file, text):
    """The tests of one file."""
    suffix, lines, comments = Path(file).suffix, text.splitlines(), []
    for number, line in enumerate(lines):
        if match := PATTERNS[suffix].match(line):
            yield Evidence(file, match.group(1), _docstring(lines[number + 1 :]) if suffix == ".py" else comments)
        if line.strip().startswith("#["):
            continue  # an attribute stands between the comment and the test
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
    """The lines of the docstring with which a Python function begins."""
    match = re.match(r'\s*"""(.*?)"""', "\n".join(lines), re.S)
    return [line.strip() for line in match.group(1).splitlines()] if match else []


def _said(what, comments):
    """The sentence behind `what:`, which may go on over the lines that follow."""
    said = []
    for line in comments:
        if line.startswith(f"{what}:"):
            said = [line.removeprefix(f"{what}:").strip()]
        elif said and (not line or re.match(r"[A-Z]\w+:", line)):
            break
        elif said:
            said.append(line)
    return " ".join(said)
