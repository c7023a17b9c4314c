"""Makes the test photos, the same ones on each machine: a collage of sample photos, enlarged, with a camera's noise, or with fewer bits if the file would
be over 15 MB. `python make_photos.py FOLDER SAMPLE…` prints the paths; files that exist are kept.
"""

import io
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

# Megapixels → sides in the proportions 4:3.
SIDES = {1: (1156, 868), 12: (4000, 3000), 24: (5656, 4242), 50: (8160, 6120)}
MOST_BYTES = 15_000_000
# Strength of the noise and bits of a sample: as a photo is at first, then easier to compress. And the formats' parameters.
KINDS = ((8, 8), (4, 8), (2, 8), (0, 8), (0, 6), (0, 5), (0, 4))
FORMATS = {"jpg": {"format": "JPEG", "quality": 88, "subsampling": "4:2:0"}, "png": {"format": "PNG", "compress_level": 6}, "webp": {"format": "WEBP", "quality": 85, "method": 2}}


def collage(paths):
    """Four photos as one picture."""
    whole = Image.new("RGB", (1600, 1200))
    for place, path in enumerate(paths[:4]):
        whole.paste(Image.open(path).convert("RGB").resize((800, 600), Image.Resampling.LANCZOS), (place % 2 * 800, place // 2 * 600))
    return whole


def with_noise(picture, strength):
    """The picture with noise, from a fixed tile: Pillow's own noise differs in each run."""
    if not strength:
        return picture
    state, values = 1, bytearray()
    for _ in range(256 * 256):
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        values.append(128 + (state >> 16) % (2 * strength + 1) - strength)
    tile = Image.frombytes("L", (256, 256), bytes(values))
    noise = Image.new("L", picture.size)
    for left in range(0, picture.width, 256):
        for top in range(0, picture.height, 256):
            noise.paste(tile, (left, top))
    return ImageChops.add(picture, Image.merge("RGB", [noise] * 3), offset=-128)


def encode(picture, suffix):
    """The file, with as much noise as its limit allows."""
    for strength, bits in KINDS:
        buffer = io.BytesIO()
        ImageOps.posterize(with_noise(picture, strength), bits).save(buffer, **FORMATS[suffix])
        if buffer.tell() <= MOST_BYTES:
            return buffer.getvalue()
    raise SystemExit(f"bench: no {suffix} of {picture.size} is under {MOST_BYTES} bytes")


def main(folder, *samples):
    """Makes the missing photos."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    whole = collage(samples)
    for megapixels, sides in SIDES.items():
        large = None
        for suffix in FORMATS:
            path = folder / f"{megapixels}.{suffix}"
            if not path.exists():
                large = large or whole.resize(sides, Image.Resampling.BICUBIC)
                print(f"bench: making {path.name}", file=sys.stderr, flush=True)
                partial = path.with_suffix(".partial")
                partial.write_bytes(encode(large, suffix))
                partial.replace(path)
            print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])
