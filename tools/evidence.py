"""Finds the tests that show rows of the fault matrix: functions `row_NN_…` in Rust and Python, titles `row NN …` in TypeScript, with their comments."""

import re
import subprocess
from pathlib import Path

# The levels of tests, the nearest to AWS first.
LEVELS = {
    "soak": "the whole system on a local stack of its own, under load or stopped on the way (`make soak`)",
    "local stack": "the whole system on the [local stack](local.md), called from outside",
    "real program": "the program of a function or the command, over its real protocol",
    "adapter": "the AWS SDK with recorded or documented responses",
    "definition": "the state machine's definition, run by a JSONata engine",
    "template": "assertions on the definition or on the synthesised templates",
    "unit": "the code alone, with in-memory fakes",
}

# The folder of a test → its level; the first match counts.
PLACES = {
    "tools/soak": "soak",
    "tests/tests/e2e/": "local stack",
    "tests/tests/runtime_api/": "real program",
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


class Evidence:
    """A test, the rows that it shows, and its comment: what it injects and what it sees."""

    def __init__(self, file, name, comments):
        self.file = file
        self.name = name
        self.rows = _rows(name)
        self.injected = _sentence("Injected", comments)
        self.seen = _sentence("Seen", comments)
        self.level = next(level for start, level in PLACES.items() if file.startswith(start))

    def problems(self):
        """What is wrong with its name or comment, one sentence each."""
        at = f"{self.file}: {self.name}"
        if not self.rows:
            yield f"{at}: the name must begin with row_NN_, a number of two digits (row_01_row_02_ for several)."
        for what, text in (("Injected", self.injected), ("Seen", self.seen)):
            if not text:
                yield f"{at}: a comment line `{what}: …` is missing above it."


def everywhere(root):
    """All tests of the repository that show a row, ordered by file."""
    names = [f"*{suffix}" for suffix in PATTERNS]
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *names], cwd=root, capture_output=True, text=True, check=True)
    # The tests of this tool contain examples.
    files = [file for file in sorted(set(listed.stdout.splitlines())) if (root / file).exists() and not file.startswith("tools/tests/")]
    return [test for file in files for test in within(file, (root / file).read_text("utf-8"))]


def within(file, text):
    """The tests of one file."""
    suffix, lines, comments = Path(file).suffix, text.splitlines(), []
    for number, line in enumerate(lines):
        if match := PATTERNS[suffix].match(line):
            yield Evidence(file, match.group(1), _docstring(lines[number + 1 :]) if suffix == ".py" else comments)
        if line.strip().startswith("#["):
            continue  # an attribute between the comment and the test
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


def _sentence(what, comments):
    """The sentence after `what:`, which may continue on the next lines."""
    sentence = []
    for line in comments:
        if line.startswith(f"{what}:"):
            sentence = [line.removeprefix(f"{what}:").strip()]
        elif sentence and (not line or re.match(r"[A-Z]\w+:", line)):
            break
        elif sentence:
            sentence.append(line)
    return " ".join(sentence)
