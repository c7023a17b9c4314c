"""Section `images`: CPU time and peak memory of inspect-image on large photos, beside Pillow and libvips making the same copy and thumbnails."""

import json
import subprocess
from pathlib import Path

import functions
from lambda_api import FunctionFailed
from spread import Spread

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
PHOTOS = ROOT / ".local" / "bench-photos"
COLLAGE = ["astronaut.jpg", "coffee.jpg", "rocket.jpg", "camera-operator.jpg"]
LIBRARIES = ["libvips", "pillow"]
MEGAPIXELS = [1, 12, 24, 50]
FORMATS = ["jpg", "png", "webp"]
# Processes per photo and program, and invocations of each process. Fewer for large photos, which take seconds.
PROCESSES = 3
WARM = 2


def make_photos(interpreter):
    """Makes the photos that are missing; returns their paths by megapixels and format."""
    samples = [ROOT / "samples" / name for name in COLLAGE]
    subprocess.run([str(part) for part in [interpreter, HERE / "baseline" / "make_photos.py", PHOTOS, *samples]], check=True, stdout=subprocess.DEVNULL)
    return {(size, suffix): PHOTOS / f"{size}.{suffix}" for size in MEGAPIXELS for suffix in FORMATS}


def measure(programs, interpreter, constant, say):
    """The figures of each photo: ours, and those of both libraries."""
    photos, found = make_photos(interpreter), []
    for number, ((size, suffix), path) in enumerate(photos.items(), 1):
        say(f"images: {size} megapixels, {suffix} ({number} of {len(photos)})")
        constant.upload(path)
        ours, theirs = [], {library: [] for library in LIBRARIES}
        for _ in range(PROCESSES):
            ours.append(inspected(programs, path, constant))
            for library in LIBRARIES:
                theirs[library].append(library_process(interpreter, library, path, ours[-1]["sampling"]))
        found.append({
            "megapixels": size, "format": suffix, "bytes": path.stat().st_size, "sampling": ours[0]["sampling"], "ours": summary(ours),
            **{library: summary(processes) for library, processes in theirs.items()},
        })
    return found


def inspected(programs, path, constant):
    """One process of inspect-image that gets the photo some times."""
    sample = inspect_event(path)
    with functions.rust("inspect-image", programs, constant, "http") as function:
        constant.take()
        cpu = [function.invoke(sample)[1] for _ in range(1 + WARM)]
        samplings = {call["copy"] for call in constant.take() if call["copy"]}
        if len(samplings) != 1:
            raise FunctionFailed(f"bench: inspect-image wrote copies of {path.name} with the samplings {sorted(samplings)}; one was expected.")
        return {"cpu": cpu, "peak_mb": function.status("VmHWM"), "sampling": samplings.pop()}


def inspect_event(path):
    """The input of inspect-image for a photo."""
    sample = functions.event("inspect-image")
    uploaded = sample["Event"]["detail"]["object"]
    uploaded["key"] = str(Path(uploaded["key"]).with_suffix(path.suffix))
    uploaded["size"] = path.stat().st_size
    return sample


def library_process(interpreter, library, path, sampling):
    """One process of a library that makes the same copies some times."""
    command = [interpreter, HERE / "baseline" / "pictures.py", library, path, sampling, 1 + WARM]
    return json.loads(subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE).stdout)


def summary(processes):
    """Spreads over processes: CPU milliseconds of the first and of the later times, and the peak of memory in megabytes."""
    return {
        "first": Spread.of([1000 * process["cpu"][0] for process in processes]).as_json(),
        "warm": Spread.of([1000 * seconds for process in processes for seconds in process["cpu"][1:]]).as_json(),
        "peak_mb": Spread.of([process["peak_mb"] for process in processes]).as_json(),
    }
