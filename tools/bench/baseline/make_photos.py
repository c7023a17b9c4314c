"""Makes the test photos, the same ones on each machine: a collage of sample photos, enlarged, with a camera's noise, or easier to compress if the
file would be too large. `python make_photos.py FOLDER SAMPLE…`; files that exist are kept. `python make_photos.py --vary COUNT FOLDER SAMPLE…`
makes small photos that all differ.
"""

import io
import sys
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

# Megapixels → sides in the proportions 4:3.
SIDES = {1: (1156, 868), 12: (4000, 3000), 24: (5656, 4242), 50: (8160, 6120)}
FORMATS = {"jpg": {"format": "JPEG", "quality": 88, "subsampling": "4:2:0"}, "png": {"format": "PNG", "compress_level": 4}, "webp": {"format": "WEBP", "quality": 85, "method": 0}}
# Strength of the noise and bits of a sample: as a photo is, unless a large PNG would have more than the 15 MB that are accepted.
PHOTO = (8, 8)
EASIER = {(12, "png"): (0, 8), (24, "png"): (0, 7), (50, "png"): (0, 4)}
MOST_BYTES = 15 << 20


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


def encode(picture, megapixels, suffix):
    """The file."""
    strength, bits = EASIER.get((megapixels, suffix), PHOTO)
    buffer = io.BytesIO()
    ImageOps.posterize(with_noise(picture, strength), bits).save(buffer, **FORMATS[suffix])
    if buffer.tell() > MOST_BYTES:
        raise SystemExit(f"bench: {megapixels}.{suffix} has {buffer.tell()} bytes, more than {MOST_BYTES}; make it easier to compress")
    return buffer.getvalue()


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
                partial.write_bytes(encode(large, megapixels, suffix))
                partial.replace(path)


def vary(count, folder, *samples):
    """Makes small photos: samples without some of their margin."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(int(count)):
        picture = ImageOps.exif_transpose(Image.open(samples[number % len(samples)])).convert("RGB")
        margin = number // len(samples)
        picture.crop((margin, margin, picture.width - margin, picture.height - margin)).save(folder / f"{number:03}.jpg", quality=88)


if __name__ == "__main__":
    if sys.argv[1] == "--vary":
        vary(*sys.argv[2:])
    else:
        main(*sys.argv[1:])
