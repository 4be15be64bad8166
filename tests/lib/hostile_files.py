#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Files that scanners stumble over, and honest ones: hostile_files.py FOLDER

make(FOLDER) writes them and returns {name: answer}, where the answer is
"virus", "not scanned" or "clean".  What could not be read to its end must
never be clean.  The limits meant are those that postern-scan has by itself
(100 MiB for one file).  Deterministic, a second or two, some MiB.
"""
import bz2
import gzip
import io
import os
import random
import struct
import sys
import zipfile
import zlib

from sigdb import EICAR, TESTFILES

MIB = 1024 * 1024
# Over the limit of one file that the tests scan with (100 MiB).
HUGE = 110 * MIB
CHUNK = b"\0" * MIB
WHEN = (2024, 1, 2, 3, 4, 6)


def info(name, method=zipfile.ZIP_DEFLATED):
    i = zipfile.ZipInfo(name, WHEN)
    i.compress_type = method
    return i


class Pipe(io.RawIOBase):
    """A file that cannot seek: zipfile streams into it."""
    def __init__(self):
        super().__init__()
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.data += data
        return len(data)


def zipped(members, method=zipfile.ZIP_DEFLATED, stream=False, zip64=False,
           comment=b""):
    out = Pipe() if stream else io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in members:
            with z.open(info(name, method), "w", force_zip64=zip64) as f:
                f.write(data)
        z.comment = comment
        offsets = [(i.header_offset, i.compress_size, i.file_size)
                   for i in z.infolist()]
    if stream:
        return bytes(out.data)
    data = bytearray(out.getvalue())
    if zip64:
        # Sizes beside the zip64 field, as Python before 3.12 wrote them.
        for at, packed, size in offsets:
            struct.pack_into("<II", data, at + 18, packed, size)
    return bytes(data)


def deflated_zeros(size, tail=b""):
    """Deflated, quickly: one piece that was flushed fully, repeated."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    piece = packer.compress(CHUNK) + packer.flush(zlib.Z_FULL_FLUSH)
    return piece * (size // MIB) + packer.compress(tail) + packer.flush()


def crc_of_zeros(size, tail=b""):
    crc = 0
    for _ in range(size // MIB):
        crc = zlib.crc32(CHUNK, crc)
    return zlib.crc32(tail, crc)


def huge_member(size, tail=b"", claimed=None):
    """A zip of one member of zeros; `claimed` is the size that it tells."""
    packed = deflated_zeros(size, tail)
    fields = struct.pack(
        "<HHHIIIIHH", 20, 0, 8, 0x58210000, crc_of_zeros(size, tail),
        len(packed), claimed or size + len(tail), 5, 0)
    local = b"PK\x03\x04" + fields + b"a.bin" + packed
    central = b"PK\x01\x02\x14\0" + fields + b"\0" * 14 + b"a.bin"
    return local + central + b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)


def nested(depth, data=EICAR, name="test.com"):
    for i in range(depth):
        data = zipped([(name, data)])
        name = "level%d.zip" % i
    return data


def bomb(levels, width):
    data = huge_member(100 * MIB)
    for _ in range(levels):
        data = zipped([("%d.zip" % i, data) for i in range(width)])
    return data


def many_members(n):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as z:
        for i in range(n):
            z.writestr(info("%d.txt" % i, zipfile.ZIP_STORED), b"x%d" % i)
    return out.getvalue()


def set_flag(data, bit):
    """Sets a flag in the headers of a zip with one member."""
    data = bytearray(data)
    for sign, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = data.index(sign) + at
        flags, = struct.unpack_from("<H", data, start)
        struct.pack_into("<H", data, start, flags | bit)
    return bytes(data)


def change(data, sign, at, form, value):
    data = bytearray(data)
    struct.pack_into("<" + form, data, data.index(sign) + at, value)
    return bytes(data)


def zip64_directory(members, stream=False, whole=False):
    """All sizes only in zip64 fields; whole: the end record's too."""
    data = zipped(members, zipfile.ZIP_DEFLATED, stream, True)
    at = start = data.index(b"PK\x01\x02")
    end, central = end_at(data), b""
    while at < end:
        lengths = struct.unpack_from("<HHH", data, at + 28)
        entry = bytearray(data[at:at + 46 + sum(lengths)])
        packed, size = struct.unpack_from("<II", entry, 20)
        struct.pack_into("<II", entry, 20, 0xffffffff, 0xffffffff)
        struct.pack_into("<H", entry, 30, 20)
        central += entry + struct.pack("<HHQQ", 1, 16, size, packed)
        at += len(entry)
    tail, n = bytearray(data[end:]), len(members)
    struct.pack_into("<I", tail, 12, len(central))
    if not whole:
        return data[:start] + central + tail
    struct.pack_into("<HHII", tail, 8, 0xffff, 0xffff, 0xffffffff, 0xffffffff)
    return (data[:start] + central + b"PK\x06\x06" + struct.pack(
        "<QHHIIQQQQ", 44, 45, 45, 0, 0, n, n, len(central), start) +
            b"PK\x06\x07" + struct.pack("<IQI", 0, start + len(central), 1) +
            tail)


def end64(data):
    """With a zip64 end record that says the same as the end record."""
    end = end_at(data)
    n, size, start = struct.unpack_from("<HII", data, end + 10)
    return (data[:end] + b"PK\x06\x06" + struct.pack(
        "<QHHIIQQQQ", 44, 45, 45, 0, 0, n, n, size, start) +
            b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1) + data[end:])


def from_pipe():
    """What zip(1) makes of its standard input: sizes in the local field."""
    data = bytearray(zipped(ONE, zip64=True))
    struct.pack_into("<II", data, 18, 0xffffffff, 0xffffffff)
    return end64(bytes(data))


def end_at(data):
    return data.rindex(b"PK\x05\x06")


def overlapping():
    """Two names for the same local header's bytes."""
    data = zipped([("a.txt", b"harmless text " * 40)])
    start = data.index(b"PK\x01\x02")
    central = data[start:end_at(data)]
    return (data[:start] + central * 2 + b"PK\x05\x06" + struct.pack(
        "<HHHHIIH", 0, 0, 2, 2, 2 * len(central), start, 0))


def hidden_entry():
    """A local entry before the zip that the directory does not name."""
    inner = zipped([("test.com", EICAR[:-1] + b"?")])
    hidden = inner[:inner.index(b"PK\x01\x02")]
    return hidden + zipped([("a.txt", b"harmless")])


def gzip_zeros(size):
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\x03" + deflated_zeros(size) +
            struct.pack("<II", crc_of_zeros(size), size % (1 << 32)))


WORDS = "a small text for an office document with the same words again "


def office():
    """What a word processor writes: some XML members, one stored image."""
    r = random.Random("office")
    out = io.BytesIO()
    xml = "<?xml version=\"1.0\"?><w:document>%s</w:document>"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(info("[Content_Types].xml"), xml % "")
        z.writestr(info("_rels/.rels"), xml % "")
        z.writestr(info("word/document.xml"), xml % (WORDS * 100))
        z.writestr(info("word/media/image1.jpeg", zipfile.ZIP_STORED),
                   b"\xff\xd8\xff\xe0\0\x10JFIF\0" + r.randbytes(4000))
    return out.getvalue()


def opendocument():
    """mimetype first and stored, folders with entries of their own."""
    out = io.BytesIO()
    kind = b"application/vnd.oasis.opendocument.text"
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(info("mimetype", zipfile.ZIP_STORED), kind)
        z.writestr(info("Configurations2/", zipfile.ZIP_STORED), b"")
        z.writestr(info("content.xml"), "<office>%s</office>" % (WORDS * 50))
    return out.getvalue()


STUB = b"MZ" + b"a program that unpacks itself \r\n" * 50
TEXTS = [("docs/a.txt", b"harmless text " * 50), ("b.TXT", b""),
         ("c.jpg", b"\xff\xd8\xff\xe0 no picture")]
ONE = [("test.com", EICAR)]


def honest():
    files = {"store.zip": zipped(TEXTS, zipfile.ZIP_STORED),
             "deflate.zip": zipped(TEXTS),
             "bzip2.zip": zipped(TEXTS, zipfile.ZIP_BZIP2),
             "stream.zip": zipped(TEXTS, stream=True),
             "stream-store.zip": zipped(TEXTS, zipfile.ZIP_STORED, True),
             "zip64-local.zip": zipped(TEXTS, zip64=True),
             "zip64-stream.zip": zipped(TEXTS, stream=True, zip64=True),
             "zip64-end.zip": end64(zipped(TEXTS)),
             "comment.zip": zipped(TEXTS, comment=b"a comment, PK and so"),
             "empty.zip": zipped([]),
             "in-zip.zip": zipped([("x.zip", zipped(TEXTS))],
                                  zipfile.ZIP_STORED),
             "sfx.exe": STUB + zipped(TEXTS),
             "trailing.zip": zipped(TEXTS) + b"\r\n",
             "office.docx": office(), "text.odt": opendocument(),
             "text.txt": b"A PK\3\4, PK\5\6 in a text " * 40}
    return {name: (data, "clean") for name, data in files.items()}


def infected():
    files = {"eicar.com": EICAR, "eicar.com.gz": gzip.compress(EICAR, mtime=0),
             "eicar.bz2": bz2.compress(EICAR),
             "store-v.zip": zipped(ONE, zipfile.ZIP_STORED),
             "deflate-v.zip": zipped(ONE),
             "bzip2-v.zip": zipped(ONE, zipfile.ZIP_BZIP2),
             "zip64-v.zip": zipped(TEXTS + ONE, zip64=True),
             "zip64-store-v.zip": zipped(TEXTS + ONE, zipfile.ZIP_STORED,
                                         False, True),
             "zip64-stream-v.zip": zipped(TEXTS + ONE, stream=True,
                                          zip64=True),
             "zip64-end-v.zip": end64(zipped(TEXTS + ONE)),
             "stream-v.zip": zipped(TEXTS + ONE, stream=True),
             "stub-v.exe": STUB + zipped(ONE),
             "stub-v.bin": b"\0\1\2\3" * 300 + zipped(ONE),
             "eicar-5-zips.zip": nested(5), "eicar-10-zips.zip": nested(10),
             "encrypted-and-v.zip": set_flag(zipped(TEXTS[:1] + ONE), 1)}
    return {name: (data, "virus") for name, data in files.items()}


def unread():
    plain = zipped(ONE)
    files = {
        "zip64-entries.zip": zip64_directory(TEXTS + ONE, True),
        "zip64-pipe.zip": from_pipe(),
        "zip64-end-lies.zip": end64(zipped([("a.txt", b"text")])).replace(
            struct.pack("<QQ", 1, 1), struct.pack("<QQ", 2, 2)),
        "split.zip": change(zipped(TEXTS)[40:], b"PK\x05\x06", 4, "I",
                            0x10001),
        "zip64-whole.zip": zip64_directory(TEXTS + ONE, False, True),
        "lzma.zip": zipped(ONE, zipfile.ZIP_LZMA),
        "encrypted.zip": set_flag(plain, 1),
        "member-110.zip": huge_member(HUGE, EICAR),
        "member-110-nested.zip": zipped([("a.zip", huge_member(HUGE, EICAR))]),
        "lzma-nested.zip": zipped([("a.zip", zipped(ONE, zipfile.ZIP_LZMA))]),
        "member-1000.zip": huge_member(1000 * MIB),
        "eicar-18-zips.zip": nested(18), "many.zip": many_members(60000),
        "zeros.gz": gzip_zeros(1000 * MIB),
        "overlap.zip": overlapping(), 
        "lying-size.zip": huge_member(HUGE, EICAR, 100),
        "hidden.zip": hidden_entry(),
        "no-end.zip": zipped(TEXTS)[:-22],
        "two-names.zip": change(zipped(TEXTS), b"PK\x01\x02", 46, "B", 88),
        "two-methods.zip": change(zipped(TEXTS), b"PK\x01\x02", 10, "H", 12),
        "outside.zip": change(zipped(TEXTS), b"PK\x01\x02", 42, "I", 999999),
        "short-count.zip": change(zipped(TEXTS), b"PK\x05\x06", 8, "H", 1),
        "two-ends.zip": zipped(TEXTS, comment=b"PK\x05\x06" + b"\0" * 18),
        "zstd.bin": b"\x28\xb5\x2f\xfd\x24\x08\x41\0\0harmless",
        "bomb.zip": bomb(3, 16)}
    return {name: (data, "not scanned") for name, data in files.items()}


def make(folder):
    os.makedirs(folder, exist_ok=True)
    answers = {}
    for name, (data, answer) in {**honest(), **infected(),
                                 **unread()}.items():
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)
        answers[name] = answer
    return answers


def testfiles():
    """Paths of clamav-testfiles; all hold what sigdb.py names."""
    return sorted(os.path.join(TESTFILES, f) for f in os.listdir(TESTFILES)) \
        if os.path.isdir(TESTFILES) else []


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__.split("\n", maxsplit=1)[0])
    for made, answer in make(sys.argv[1]).items():
        print(made, answer, sep="\t")
