"""Writes the seeds of the corpora: real samples and hostile variants. Run it manually: `python3 make_seeds.py`.

Files that the fuzzer found are in the same folders, named by their digests.
"""

import json
import struct
import zlib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent


def write(target, name, content):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


# Events: every sample, every execution status, and invalid envelopes.
for sample in [*ROOT.glob("events/s3/*.json"), *ROOT.glob("events/states/*.json")]:
    compact = json.dumps(json.loads(sample.read_text()), ensure_ascii=False, separators=(",", ":"))
    write("events", sample.name, compact.encode())


def created(key="raw-uploads/a.jpg", **detail):
    detail = {"bucket": {"name": "b"}, "object": {"key": key, "etag": "e"}} | detail
    return {"time": "2026-03-01T12:00:00Z", "detail": detail}


def ended(**detail):
    return {"time": "2026-03-01T12:00:00Z", "detail": {"executionArn": "arn:e", "status": "FAILED"} | detail}


UUID = "3f2b8c1e-5d4a-4f6b-9c7d-1a2b3c4d5e6f"
EVENTS = {
    "hostile-owner-with-separator": created(f"raw-uploads/a#b/{UUID}.jpg"),
    "hostile-owner-of-a-thousand-bytes": created(f"raw-uploads/{'ü' * 500}/{UUID}.jpg"),
    "hostile-upper-case-id": created(f"raw-uploads/anna/{UUID.upper()}.JPG"),
    "hostile-braced-id": created("raw-uploads/anna/{" + UUID[:34] + "}"),
    "hostile-multibyte-id": created("raw-uploads/anna/" + "é" * 18),
    "hostile-null-version": created(object={"key": "raw-uploads/a", "etag": '"e"', "version-id": "null"}),
    "hostile-size": created(object={"key": "raw-uploads/a", "etag": "", "size": 2**64 - 1}),
    "hostile-year": created() | {"time": "9999-12-31T23:59:59.999999999Z"},
    "hostile-cause-in-cause": ended(input=json.dumps(created()), error="E", cause=json.dumps({"errorMessage": json.dumps({"errorMessage": "m"})})),
    "hostile-input-of-an-input": ended(input=json.dumps(json.dumps(created()))),
    "hostile-empty-error": ended(input=json.dumps(created()), error="", cause=""),
}
for name, event in EVENTS.items():
    write("events", f"{name}.json", json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode())
write("events", "hostile-nesting", b'{"time":"","detail":' + b"[" * 200)
write("events", "hostile-surrogate.json", rb'{"time":"","detail":{"bucket":{"name":"b"},"object":{"key":"\ud800"}}}')


# EXIF: a TIFF structure with three directories, and variants with invalid pointers, types and counts.
def tiff(order="<", camera=b"Canon\0"):
    def entry(tag, kind, count, value):
        return struct.pack(order + "HHI", tag, kind, count) + value

    def ratios(*pairs):
        return b"".join(struct.pack(order + "II", *pair) for pair in pairs)

    pointer = lambda place: struct.pack(order + "I", place)
    date, offset = b"2024:02:29 12:30:59\0", b"+01:00\0"
    latitude, longitude = ratios((38, 1), (43, 1), (1234, 100)), ratios((9, 1), (8, 1), (0, 1))
    main, exif, gps, data = 8, 8 + 2 + 4 * 12 + 4, 8 + 2 + 4 * 12 + 4 + 2 + 2 * 12 + 4, 0
    data = gps + 2 + 4 * 12 + 4
    places, blob = [], b""
    for value in (camera, date, offset, latitude, longitude):
        places.append(pointer(data + len(blob)))
        blob += value
    short = struct.pack(order + "HH", 6, 0)
    body = struct.pack(order + "H", 4) + entry(0x010F, 2, len(camera), places[0]) + entry(0x0112, 3, 1, short)
    body += entry(0x8769, 4, 1, pointer(exif)) + entry(0x8825, 4, 1, pointer(gps)) + pointer(0)
    body += struct.pack(order + "H", 2) + entry(0x9003, 2, len(date), places[1]) + entry(0x9011, 2, len(offset), places[2]) + pointer(0)
    body += struct.pack(order + "H", 4) + entry(1, 2, 2, b"N\0\0\0") + entry(2, 5, 3, places[3])
    body += entry(3, 2, 2, b"W\0\0\0") + entry(4, 5, 3, places[4]) + pointer(0)
    return (b"II*\0" if order == "<" else b"MM\0*") + pointer(main) + body + blob


GOOD = tiff()


def patched(place, value):
    return GOOD[:place] + value + GOOD[place + len(value) :]


NEXT = 8 + 2 + 4 * 12
TIFFS = {
    "sample-little-endian": GOOD,
    "sample-big-endian": tiff(">"),
    "hostile-control-characters": tiff(camera=b"A\x1b[31mB\r\n\xff\xfe\0"),
    "hostile-looped-directory": patched(NEXT, struct.pack("<I", 8)),
    "hostile-directory-within-itself": patched(8 + 2 + 2 * 12 + 8, struct.pack("<I", 8)),
    "hostile-count": patched(8 + 2 + 4, b"\xff\xff\xff\xff"),
    "hostile-count-that-overflows": patched(8 + 2 + 4, struct.pack("<I", 0x2000_0001)),
    "hostile-value-far-outside": patched(8 + 2 + 8, b"\xff\xff\xff\xff"),
    "hostile-entries": patched(8, b"\xff\xff"),
    "hostile-type": patched(8 + 2 + 2, b"\xff\xff"),
    "hostile-zero-denominators": GOOD.replace(struct.pack("<II", 43, 1), struct.pack("<II", 43, 0)),
    "hostile-huge-degrees": GOOD.replace(struct.pack("<II", 38, 1), struct.pack("<II", 2**32 - 1, 1)),
    "hostile-header-alone": GOOD[:8],
    "hostile-cut-off": GOOD[:150],
}
for name, content in TIFFS.items():
    write("exif", f"{name}.tiff", content)


# Images: the fixtures of inspect-image, cut off and damaged, with invalid metadata, and with headers that declare too many pixels.
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, pixels, extra=b"", depth=8, colour=0):
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + extra + chunk(b"IDAT", zlib.compress(pixels, 9)) + chunk(b"IEND", b"")


def with_segment(jpeg, marker, data):
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data + jpeg[2:]


GREY = bytes(81) * 80  # 80 rows of 80 grey pixels, each after its filter byte
FIXTURES = ROOT / "crates/inspection/tests/fixtures"
for fixture in sorted(path for path in FIXTURES.rglob("*") if path.suffix in (".jpg", ".png", ".webp")):
    content = fixture.read_bytes()
    write("images", f"sample-{fixture.name}", content)
    write("images", f"hostile-cut-{fixture.name}", content[: len(content) * 2 // 3])
JPEG = (FIXTURES / "grey.jpg").read_bytes()
IMAGES = {
    "sample-grey.png": png(80, 80, GREY),
    "sample-palette.png": png(80, 80, GREY, chunk(b"PLTE", bytes(range(9))) + chunk(b"tRNS", b"\0\x80"), colour=3),
    "sample-16-bits-alpha.png": png(80, 80, bytes(1 + 80 * 8) * 80, depth=16, colour=6),
    "sample-without-end.jpg": JPEG[:-2],
    "sample-exif.jpg": with_segment(JPEG, 0xE1, b"Exif\0\0" + GOOD),
    "hostile-exif.jpg": with_segment(JPEG, 0xE1, b"Exif\0\0" + TIFFS["hostile-looped-directory"]),
    "hostile-exif.png": png(80, 80, GREY, chunk(b"eXIf", TIFFS["hostile-count"])),
    "hostile-html-behind.png": png(80, 80, GREY) + b"<html><script>alert(1)</script>",
    "hostile-profile-bomb.png": png(80, 80, GREY, chunk(b"iCCP", b"bomb\0\0" + zlib.compress(bytes(1 << 23), 9))),
    "hostile-text-bomb.png": png(80, 80, GREY, chunk(b"zTXt", b"bomb\0\0" + zlib.compress(bytes(1 << 23), 9))),
    "sample-gamma-16-bits.png": png(80, 80, bytes(161) * 80, chunk(b"gAMA", struct.pack(">I", 100_000)), depth=16),
    "sample-chromaticities.png": png(80, 80, GREY, chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000))),
    "hostile-chromaticities.png": png(80, 80, GREY, chunk(b"cHRM", b"\xff" * 32)),
    "hostile-gamma.png": png(80, 80, GREY, chunk(b"gAMA", b"\0\0\0\x01")),
    "hostile-cicp.png": png(80, 80, GREY, chunk(b"cICP", b"\x0b\xff\0\x01")),
    "hostile-without-end.png": png(80, 80, GREY)[:-20],
    "hostile-restart-interval.jpg": JPEG[:2] + b"\xff\xdd\0\x04\0\x01" + JPEG[2:],
    "hostile-stray-bytes.jpg": JPEG[:2] + b"\0\xe1\0\x08Exif\xff\xc0" + JPEG[2:],
    "hostile-icc-parts.jpg": with_segment(with_segment(JPEG, 0xE2, b"ICC_PROFILE\0\xff\x01x"), 0xE2, b"ICC_PROFILE\0"),
    "hostile-base64": b"/9j/4AAQSkZJRgABAQAAAQABAAD/" * 3,
    "hostile-data-url": b"data:image/jpeg;base64,=" + b"%2F'\"" * 40,
    "hostile-brands": struct.pack(">I", 0xFFFF_FFFF) + b"ftypmif1\0\0\0\0avif",
    "hostile-65535.png": png(65535, 65535, b""),
    "hostile-zero-sides.png": png(0, 0, b""),
    "hostile-thin.png": png(80, 20_000, b""),
    "hostile-too-few-rows.png": png(80, 80, GREY[: 81 * 40]),
    "hostile-segment-length.jpg": JPEG[:4] + b"\xff\xff" + JPEG[6:],
    "hostile-gif": b"GIF89a" + bytes(20),
    "hostile-svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "hostile-heic": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
    "hostile-riff": b"RIFF\xff\xff\xff\xffWEBPVP8X" + b"\xff" * 20,
}
frame = JPEG.index(b"\xff\xc0")
IMAGES["hostile-65535.jpg"] = JPEG[: frame + 5] + b"\xff\xff\xff\xff" + JPEG[frame + 9 :]
for name, content in IMAGES.items():
    write("images", name, content)
