"""The page docs/performance.md, from the results."""

import aws
from spread import Spread, number, ratio

HEAD = """# How fast is it?

`make bench` measured everything on this page and wrote it. Absolute times belong to the machine that each section names; **ratios** hold on
others too, because both sides were measured in turns in the same run. CPU times are those of the measured process alone, by its CPU clock.
Each figure is a median; "±" is half of the distance between the quartiles. `python3 tools/bench --help` lists the sections,
and [performance.json](performance.json) has all figures.
"""


# Figures of functions, over HTTPS, that the page leads with.
IN_SHORT = {
    "init": "CPU time of a function's init", "first": "CPU time of the first invocation, over HTTPS", "warm": "CPU time of a warm invocation, over HTTPS",
    "rss": "resident memory",
}


def text(found):
    """The whole page; `found` has the sections that were measured."""
    parts = [HEAD, in_short(found)]
    for section, write in (("functions", functions), ("images", images), ("own-time", own_time), ("pipeline", pipeline), ("search", search)):
        if section in found:
            parts.append(write(found[section]["figures"]) + "\n" + measured(found[section]["measured"]))
    if "functions" in found and "images" in found:
        parts.append(on_aws(found["functions"]["figures"], found["images"]["figures"]))
    if "benches" in found:
        parts.append(benches(found["benches"]["figures"]) + "\n" + measured(found["benches"]["measured"]))
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def measured(circumstances):
    """When and where a section was measured."""
    versions = ", ".join(f"{name} {version}" for name, version in circumstances.items() if name not in ("date", "commit", "machine"))
    return f"Measured on {circumstances['date']} at commit {circumstances['commit']} on {circumstances['machine']}; {versions}.\n"


def in_short(found):
    """The ratios."""
    rows = []
    if "functions" in found:
        compared = [figure["https"] for figure in found["functions"]["figures"]["functions"].values() if figure["https"]["python"]]
        for name, what in IN_SHORT.items():
            ratios = [ratio(figure["python"][name]["median"], figure["ours"][name]["median"]) for figure in compared]
            rows.append([what, "Python handler, same calls", spread_of_ratios(ratios)])
    if "images" in found:
        figures = found["images"]["figures"]
        for library, title in (("libvips", "libvips, same copy and thumbnails"), ("pillow", "Pillow, same copy and thumbnails")):
            for name, what in (("warm", "CPU time of inspecting a photo"), ("peak_mb", "peak memory of inspecting a photo")):
                rows.append([what, title, spread_of_ratios([ratio(figure[library][name]["median"], figure["ours"][name]["median"]) for figure in figures])])
    if not rows:
        return ""
    meaning = "How many times ours the other one needs; below 1, ours needs more. Median over all functions or photos, and the range."
    return f"## In short\n\n{meaning}\n\n" + table(["of ours", "other", "times"], rows)


def spread_of_ratios(ratios):
    """Median and range of ratios."""
    return f"**{number(Spread.of(ratios).median)}** ({number(min(ratios))}–{number(max(ratios))})"


def functions(figures):
    """The section `functions`."""
    lines = [
        "## Functions",
        "",
        "Each function runs as on Lambda: over a Lambda Runtime API, with Rekognition answering after 20 ms and all other services after 3 ms, on loopback.",
        f"Over HTTPS, each trusts one bundle of {figures['roots']} root certificates, about as many as Lambda's image has; over HTTP, it finds roots by itself, as on Lambda. Init",
        "ends with the first request for an event.",
        "A warm invocation is the median of 15. \"Python\" is `tools/bench/baseline/handler.py` on awslambdaric and boto3, which makes the same calls",
        "(the tool compares them) and does nothing else. CPU times in milliseconds; the ratio is Python's time by ours.",
    ]
    for scheme in ("https", "http"):
        lines += ["", f"### Over {scheme.upper()}", ""]
        rows = []
        for name, figure in figures["functions"].items():
            if scheme in figure:
                rows.append([name, *(cell(figure[scheme], column) for column in ("init", "first", "warm"))])
        lines.append(table(["function", "init, ours / Python's", "first invocation", "warm invocation"], rows).strip())
    rows = []
    for name, figure in figures["functions"].items():
        zipped = f"{figures['zips'][name] / 1e6:.2f}" if name in figures["zips"] else "–"
        rows.append([name, cell(figure["https"], "rss"), zipped, calls(figure["calls"])])
    lines += ["", "### Memory, zip and calls", "", table(["function", "resident MB", "zip MB", "calls of an invocation"], rows)]
    zips = list(figures["zips"].values())
    if zips:
        python = figures["python_zip"]
        lines.append(
            f"A zip of the Python handler with pinned awslambdaric and boto3 has {python / 1e6:.1f} MB, {number(ratio(python, sum(zips) / len(zips)))} times the mean of ours. "
            "Without them it has a few KB, and loads them from Lambda's image.\n"
        )
    return "\n".join(lines)


def cell(figure, column):
    """Ours, Python's and the ratio, or ours alone."""
    if column not in figure["ours"]:
        return "–"
    ours, python = figure["ours"][column], figure["python"]
    if not python:
        return shown(ours)
    return f"{shown(ours)} / {shown(python[column])} = **{number(ratio(python[column]['median'], ours['median']))}**"


def shown(spread):
    """A median with half of the distance between the quartiles."""
    spread = Spread.from_json(spread)
    return f"{number(spread.median)} ± {number((spread.high - spread.low) / 2)}"


def calls(counts):
    """Counted calls as text."""
    return ", ".join(f"{name.partition(':')[2]} {count:g}" if count != 1 else name.partition(":")[2] for name, count in sorted(counts.items()))


def images(figures):
    """The section `images`."""
    rows = []
    for figure in figures:
        ours = figure["ours"]
        row = [f"{figure['format']}, {figure['megapixels']} MP", f"{figure['bytes'] / 1e6:.1f}", shown(ours["first"]), shown(ours["warm"]), number(ours["peak_mb"]["median"])]
        for library in ("libvips", "pillow"):
            warm, peak = (ratio(figure[library][name]["median"], figure["ours"][name]["median"]) for name in ("warm", "peak_mb"))
            row.append(f"**{number(warm)}** / {number(peak)}")
        rows.append(row)
    samplings = sorted({figure["sampling"] for figure in figures})
    return "\n".join([
        "## Photos",
        "",
        "A whole invocation of inspect-image with all of its calls, SHA-256, placeholder and checks, beside a process that only makes the same copy of",
        f"2,048 px and the two thumbnails, with the same JPEG qualities and chroma sampling ({', '.join(samplings)}), as one would write it: both libraries may decode a",
        "JPEG at a smaller scale. libvips runs on one thread. Their memory includes Python and their libraries. The photos are a collage of samples, enlarged,",
        "with a camera's noise; large PNGs have none, because they would be over 15 MB.",
        "",
        table(["photo", "MB", "first, CPU ms", "warm, CPU ms", "peak MB", "libvips: times our CPU / memory", "Pillow: times our CPU / memory"], rows),
    ])


def own_time(figures):
    """The section `own-time`."""
    rows = []
    for figure in figures:
        for name, kind in ((f"a JPEG of {figure['megapixels']} MP, whole", "whole"), ("the same after its inspection", "after_inspection")):
            part = figure[kind]
            verdict = "kept" if part["kept"] else "**not kept**"
            rows.append([name, shown(part["total"]), number(part["services"]["median"]), number(part["own"]), f"{number(part['budget'])}: {verdict}"])
    steps = "; ".join(f"{figure['megapixels']} MP: " + ", ".join(f"{name} {number(spread['median'])}" for name, spread in figure["steps"].items()) for figure in figures)
    counted = ", ".join(f"{name} {count}" for name, count in sorted(figures[0]["calls"].items()))
    return "\n".join([
        "## Own time of an image",
        "",
        "inspect-image, then detect-labels and moderate-image at the same time, then store-record, all warm, over HTTPS and the same services, called as the state",
        "machine calls them. The total is the milliseconds until the last answer; the services' time is the sum of their delays on the longest path. The",
        f"budget is twice the services' time plus 20 ms. The inspection's pixels are the only part that grows with the photo. Calls of an image: {counted}.",
        "",
        table(["image", "total", "services", "own", "budget"], rows),
        f"Medians of the steps, services included: {steps}.\n",
    ])


def pipeline(figures):
    """The section `pipeline`."""
    rows = []
    for run in figures["runs"]:
        models, functions_cpu, emulator = (run["cpu"].get(name, 0) for name in ("local-rekognition", "functions", "ministack"))
        seconds = [number(run["seconds_an_image"]), shown(run["latency"]), number(run["models_seconds"])]
        rows.append([run["name"], run["images"], *seconds, number(models), number(functions_cpu), number(emulator)])
    counted = ", ".join(f"{name} {number(count)}" for name, count in figures["calls"].items())
    return "\n".join([
        "## The pipeline on the local stack",
        "",
        "Small photos and the real models on a stack of its own, with functions that are built for tests, not for speed. An image takes as long as the models and",
        "the emulator of AWS take on these cores, so the last three columns say whose CPU time a photo needs: the models', our functions' (with the start of their",
        "processes), the emulator's. \"Models, s\" is the time of all calls of the local Rekognition, waiting in its queue included.",
        "",
        table(["uploads", "photos", "seconds a photo", "seconds from upload to record", "models, s a photo", "models, CPU s", "functions, CPU s", "emulator, CPU s"], rows),
        f"States entered by an image without an alert: {figures['states']}, as a test counts them. Rekognition calls of an image: {number(figures['calls_an_image'])} ({counted}).\n",
    ])


def search(figures):
    """The section `search`."""
    rows = []
    for call in figures["calls"]:
        found = "–" if call["found"] is None else call["found"]
        rows.append([f"`{call['request']}`", call["queries"], call["batches"], number(call["capacity"]), number(call["millis"]), found])
    return "\n".join([
        "## Search over 100,000 photos",
        "",
        "One owner has 100,000 photos and as many rows of one label. Each call returns one page; it reads one page of DynamoDB for each query and each batch, and these",
        "counts hold on AWS too. The read units do not: the local DynamoDB reports the same for each query, however much it reads, and AWS bills by size. The",
        "milliseconds are mostly its time: it is a Python program that looks at all items of an index, which DynamoDB does not.",
        "",
        table(["call", "queries", "batches", "read units here", "ms here", "photos on the page"], rows),
    ])


def on_aws(functions_found, images_found):
    """What follows for AWS, by formula."""
    rows = []
    for row in aws.functions(functions_found, images_found):
        python = number(row.python_cold_ms) if row.python_cold_ms else "–"
        rows.append([row.name, row.memory_mb, number(row.cold_ms), number(row.warm_ms), python, number(row.dollars_per_million)])
    image = aws.image(functions_found, images_found)
    whole = [
        f"An image of {image.megapixels} megapixels with a person and no text takes {number(image.warm_ms / 1000)} s if all functions are warm and {number(image.cold_ms / 1000)} s if all are cold, without the",
        f"time of Step Functions. Lambda's share of its price is {image.dollars_per_thousand:.3f} dollars for 1,000 images, of about 3.10 in all ([cost](cost.md)).",
    ] if image else []
    return "\n".join([
        "## On AWS, by formula",
        "",
        "Not measured on AWS. Lambda gives a function memory ÷ 1,769 MB of one processor, so CPU time takes that much longer; init is given a whole processor here.",
        f"Services are assumed to answer in {aws.REKOGNITION_MS} ms (Rekognition) and {aws.OTHER_MS} ms (all others). What Lambda itself needs to start a machine is left out, and",
        "so is the difference between this machine's processor and Lambda's.",
        "",
        "    cold = init + first CPU × 1,769 ÷ memory + calls      warm = warm CPU × 1,769 ÷ memory + calls",
        "",
        table(["function", "MB", "cold, ms", "warm, ms", "Python cold, ms", "dollars for a million warm runs"], rows),
        *whole,
        "",
    ])


def benches(figures):
    """The section `benches`."""
    rows = [[f"`{bench['name']}`", bench["shown"]] for bench in figures]
    return "\n".join([
        "## Hot parts",
        "",
        "Criterion's medians of single parts (`cargo bench`). It measures elapsed time, which a busy machine stretches: compare on a quiet one.",
        "",
        table(["bench", "median, with its confidence interval of 95 %"], rows),
    ])


def table(heads, rows):
    """A Markdown table, with an empty line after it."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(str(value) for value in line) + " |" for line in lines) + "\n"
