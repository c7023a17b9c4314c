"""What the measured CPU times mean on AWS: time and money, by formula."""

from dataclasses import dataclass

# A function has one processor at this memory, and a share of it below (Lambda developer guide, "Configure Lambda function memory").
MB_OF_ONE_PROCESSOR = 1769
MEMORY_MB = {"inspect-image": 1024, "reconcile": 256, "api": 256}
DEFAULT_MEMORY_MB = 128
# Assumed times of an answer.
REKOGNITION_MS, OTHER_MS = 500, 15
# List prices of us-east-1 for arm64, as in docs/cost.md.
DOLLARS_A_GB_SECOND, DOLLARS_A_REQUEST = 0.0000133334, 0.0000002
# The functions that run for an image with a person and without text, step by step; the functions of one step run at the same time.
STEPS = [["inspect-image"], ["detect-labels", "moderate-image"], ["analyze-faces"], ["store-record"]]
MEGAPIXELS = 12


@dataclass
class Row:
    """One function."""

    name: str
    memory_mb: int
    cold_ms: float
    warm_ms: float
    python_cold_ms: float | None
    dollars_per_million: float


@dataclass
class Image:
    """One image."""

    megapixels: int
    cold_ms: float
    warm_ms: float
    dollars_per_thousand: float


def stretched(cpu_ms, memory_mb):
    """Milliseconds that CPU time takes at a memory size."""
    return cpu_ms * max(1.0, MB_OF_ONE_PROCESSOR / memory_mb)


def waiting_ms(calls):
    """Assumed milliseconds of calls, one after the other; `calls` are counts by `service:operation`."""
    return sum(count * (REKOGNITION_MS if name.startswith("rekognition:") else OTHER_MS) for name, count in calls.items())


def dollars(ms, memory_mb):
    """Price of one invocation."""
    return ms / 1000 * memory_mb / 1024 * DOLLARS_A_GB_SECOND + DOLLARS_A_REQUEST


def row(name, figure, photo=None):
    """One function, by its figures over HTTPS; `photo` has the figures of inspect-image on a photo, which replace those on a small sample."""
    memory, ours, python = MEMORY_MB.get(name, DEFAULT_MEMORY_MB), figure["https"]["ours"], figure["https"]["python"]
    waiting = waiting_ms(figure["calls"])
    first, warm = (photo["ours"][phase]["median"] if photo else ours[phase]["median"] for phase in ("first", "warm"))
    warm_ms = stretched(warm, memory) + waiting
    return Row(
        name, memory, ours["init"]["median"] + stretched(first, memory) + waiting, warm_ms,
        python["init"]["median"] + stretched(python["first"]["median"], memory) + waiting if python else None, dollars(warm_ms, memory) * 1_000_000,
    )


def functions(found, photos):
    """A row for each function that was invoked."""
    photo = next((photo for photo in photos if (photo["megapixels"], photo["format"]) == (MEGAPIXELS, "jpg")), None)
    return [row(name, figure, photo if name == "inspect-image" else None) for name, figure in found["functions"].items() if "warm" in figure["https"]["ours"]]


def image(found, photos):
    """The image on its longest path; None if one of its functions was not measured."""
    rows = {row.name: row for row in functions(found, photos)}
    if not rows.keys() >= {name for step in STEPS for name in step}:
        return None
    steps = [[rows[name] for name in step] for step in STEPS]
    longest = [sum(max(getattr(row, kind) for row in step) for step in steps) for kind in ("cold_ms", "warm_ms")]
    return Image(MEGAPIXELS, *longest, sum(row.dollars_per_million for step in steps for row in step) / 1000)
