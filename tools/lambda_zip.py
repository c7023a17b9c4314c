"""Zips for Lambda: one `bootstrap` at the root, the same bytes for the same program, so that CDK sees what has changed and what has not."""

import zipfile
from pathlib import Path

EARLIEST = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE_EXECUTABLE = 0o100755 << 16


def write(program, target, level=9):
    """Zips the program's file as `bootstrap` into `target`, which is replaced whole or not at all."""
    entry = zipfile.ZipInfo("bootstrap", EARLIEST)
    entry.external_attr = REGULAR_FILE_EXECUTABLE
    entry.compress_type = zipfile.ZIP_DEFLATED
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w") as archive:
        archive.writestr(entry, Path(program).read_bytes(), compresslevel=level)
    partial.replace(target)
