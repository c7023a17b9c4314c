"""Makes a photo's copy of 2,048 px and its two thumbnails with Pillow or libvips, as one would write it, and prints the CPU time of each repetition.

`python pictures.py pillow|libvips FILE SAMPLING REPETITIONS` prints JSON: CPU seconds, and the peak of the process's memory in megabytes. Both
libraries may use their faster ways to shrink (decoding a JPEG at a smaller scale). Unlike inspect-image, they calculate no SHA-256 and no
placeholder, do not refuse damaged files, and make no calls.
"""

import io
import json
import os
import resource
import sys
import time

COPY, LARGE, SMALL = (2048, 90), (640, 70), (320, 80)


def pillow(data, sampling):
    """With Pillow."""
    from PIL import Image, ImageOps

    picture = Image.open(io.BytesIO(data))
    picture.thumbnail((COPY[0], COPY[0]), Image.Resampling.LANCZOS)
    copy = ImageOps.exif_transpose(picture).convert("RGB")

    def jpeg(image, quality):
        buffer = io.BytesIO()
        image.save(buffer, "JPEG", quality=quality, subsampling=sampling)
        return buffer.getvalue()

    def thumbnail(side, quality):
        small = copy.copy()
        small.thumbnail((side, side), Image.Resampling.LANCZOS)
        return jpeg(small, quality)

    return [jpeg(copy, COPY[1]), thumbnail(*LARGE), thumbnail(*SMALL)]


def libvips(data, sampling):
    """With libvips, on one thread."""
    import pyvips

    mode = "off" if sampling == "4:4:4" else "on"
    copy = pyvips.Image.thumbnail_buffer(data, COPY[0], height=COPY[0], size="down").copy_memory()

    def jpeg(image, quality):
        return image.jpegsave_buffer(Q=quality, subsample_mode=mode, keep="none")

    return [jpeg(copy, COPY[1]), *(jpeg(copy.thumbnail_image(side, height=side, size="down"), quality) for side, quality in (LARGE, SMALL))]


def main(library, path, sampling, repetitions):
    """Prints the figures."""
    os.environ["VIPS_CONCURRENCY"] = "1"
    with open(path, "rb") as file:
        data = file.read()
    make = {"pillow": pillow, "libvips": libvips}[library]
    make_library_ready = {"pillow": "PIL.Image", "libvips": "pyvips"}[library]
    __import__(make_library_ready)
    cpu = []
    for _ in range(int(repetitions)):
        before = time.process_time()
        make(data, sampling)
        cpu.append(time.process_time() - before)
    print(json.dumps({"cpu": cpu, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))


if __name__ == "__main__":
    main(*sys.argv[1:])
