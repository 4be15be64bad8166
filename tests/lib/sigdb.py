#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A small signature folder for libclamav: sigdb.py FOLDER [PATTERNS HASHES]

Writes what the tests look for, without any download:

  Eicar-Test-Signature     the EICAR test file, by itself and in archives
  ClamAV-Test-File         all files of the package clamav-testfiles
  Postern.Test.One, .Two   a text anywhere in any content (texts ONE, TWO)
  Postern.Test.Html        a text in normalised HTML (HTML)
  Postern.Test.Mail        a text in a whole mail only: type mail (MAIL)
  PUA.Postern.Test         a name that postern only marks (PUA)
  PUA.Postern.Extra        loaded only with detection of PUA (EXTRA)
  Heuristics.Postern.Test  a name that postern only marks (HEURISTIC)

The library appends ".UNOFFICIAL" to each name.  PATTERNS and HASHES add that
many made-up signatures, the same on each run, for a set of real size.
"""
import hashlib
import os
import random
import sys

# Put together here, so that scanners leave this file alone.
EICAR = ("X5O!P%@AP[4" + "\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTI" +
         "VIRUS-TEST-FILE!$H+H*").encode()
ONE = b"POSTERN-TEST-VIRUS-ONE"
TWO = b"POSTERN-TEST-VIRUS-TWO"
HTML = b"postern-test-virus-html"
MAIL = b"POSTERN-TEST-VIRUS-MAIL"
PUA = b"POSTERN-TEST-PUA"
EXTRA = b"POSTERN-TEST-EXTRA-PUA"
HEURISTIC = b"POSTERN-TEST-HEURISTIC"

TESTFILES = "/usr/share/clamav-testfiles"
# Its files all hold one program of 544 bytes.
TESTFILE_HASH = "aa15bcf478d165efd2065190eb473bcb:544:ClamAV-Test-File"

# Name, type of the content (0: any, 3: HTML, 4: mail), place, text.
BODIES = [
    ("Eicar-Test-Signature", 0, "0", EICAR),
    ("Postern.Test.One", 0, "*", ONE),
    ("Postern.Test.Two", 0, "*", TWO),
    ("Postern.Test.Html", 3, "*", HTML),
    ("Postern.Test.Mail", 4, "*", MAIL),
    ("PUA.Postern.Test", 0, "*", PUA),
    ("Heuristics.Postern.Test", 0, "*", HEURISTIC),
]
UNWANTED = [("PUA.Postern.Extra", 0, "*", EXTRA)]


def bodies(rows):
    return ["%s:%d:%s:%s" % (name, kind, place, text.hex())
            for name, kind, place, text in rows]


def write(folder, name, lines):
    """Whole or not at all, as freshclam does."""
    path = os.path.join(folder, name)
    with open(path + ".tmp", "w", encoding="ascii") as f:
        f.writelines(line + "\n" for line in lines)
    os.rename(path + ".tmp", path)


def make(folder):
    """The small set; the number of its signatures without the PUA one."""
    os.makedirs(folder, exist_ok=True)
    hashes = ["%s:%d:Eicar-Test-Signature" % (
        hashlib.md5(EICAR).hexdigest(), len(EICAR)), TESTFILE_HASH]
    write(folder, "postern.hdb", hashes)
    write(folder, "postern.ndb", bodies(BODIES))
    write(folder, "postern.ndu", bodies(UNWANTED))
    return len(hashes) + len(BODIES)


def add_bulk(folder, patterns, hashes):
    r = random.Random("sigdb")
    write(folder, "bulk.ndb", (
        "Bulk.Pattern-%d:%d:*:%s" % (i, r.choice((0, 0, 1, 3, 4, 7)),
                                     r.randbytes(r.randrange(16, 48)).hex())
        for i in range(patterns)))
    write(folder, "bulk.hdb", (
        "%032x:%d:Bulk.Hash-%d" % (r.getrandbits(128),
                                   r.randrange(500, 5000000), i)
        for i in range(hashes)))


def main():
    if len(sys.argv) not in (2, 4):
        sys.exit(__doc__.split("\n", maxsplit=1)[0])
    make(sys.argv[1])
    if len(sys.argv) == 4:
        add_bulk(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))


if __name__ == "__main__":
    main()
