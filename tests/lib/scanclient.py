# SPDX-License-Identifier: BSD-2-Clause
"""A client of postern-scan's socket, as right or as wrong as a test wants."""
import array
import collections
import fcntl
import os
import random
import socket
import struct

VERSION = 1
ASK_SCAN, ASK_STATUS = 1, 2
PART, MESSAGE, MESSAGE_DEEP = 1, 2, 3
CLEAN, VIRUS, NOT_SCANNED, FAILED = 1, 2, 3, 4

F_ADD_SEALS = 1033
SEAL_SEAL, SEAL_SHRINK, SEAL_GROW, SEAL_WRITE = 1, 2, 4, 8
ALL_SEALS = SEAL_SEAL | SEAL_SHRINK | SEAL_GROW | SEAL_WRITE

Answer = collections.namedtuple(
    "Answer", "status nonce version name extensions info")
Info = collections.namedtuple("Info", "signatures built loaded workers")


def memfd(content, seals=ALL_SEALS, grow=0):
    """A descriptor that holds the content."""
    fd = os.memfd_create("content", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view):]
    if grow:
        os.ftruncate(fd, len(content) + grow)
    if seals:
        fcntl.fcntl(fd, F_ADD_SEALS, seals)
    return fd


def question(ask=ASK_SCAN, kind=PART, nonce=0, size=0, version=VERSION):
    return struct.pack(">HBBQQ", version, ask, kind, nonce, size)


def parse(packet):
    """The answer in a packet; an exception when it is none."""
    version, status, nonce, signatures = struct.unpack(">HBQQ", packet[:19])
    assert version == VERSION
    rest, texts = packet[19:], []
    for _ in range(2):
        n, = struct.unpack(">H", rest[:2])
        texts.append(rest[2:2 + n].decode("ascii"))
        assert len(rest) >= 2 + n
        rest = rest[2 + n:]
    assert rest[0] in (0, 1) and (rest[0] == 1 or len(rest) == 1)
    info = Info(*struct.unpack(">IQQI", rest[1:])) if rest[0] else None
    return Answer(status, nonce, signatures, texts[0], texts[1], info)


class Connection:
    """One connection; the scanner takes one question on each."""

    def __init__(self, path, seconds=30):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(seconds)
        self.s.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def send(self, packet, *fds):
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                   array.array("i", fds))] if fds else []
        self.s.sendmsg([packet], rights)

    def packet(self):
        """What comes back; b"" at the end of the connection."""
        try:
            return self.s.recv(65536)
        except ConnectionResetError:
            return b""

    def answer(self):
        """An answer, or None at the end of the connection."""
        packet = self.packet()
        return parse(packet) if packet else None


def begin(path, content, kind=PART, seconds=30):
    """Asks and returns the connection, to read the answer later."""
    fd = memfd(content)
    connection = Connection(path, seconds)
    connection.nonce = random.getrandbits(64)
    try:
        connection.send(question(kind=kind, nonce=connection.nonce,
                                 size=len(content)), fd)
    finally:
        os.close(fd)
    return connection


def finish(connection):
    with connection:
        got = connection.answer()
    assert got is None or got.nonce == connection.nonce, "another's answer"
    return got


def scan(path, content, kind=PART, seconds=30):
    """The verdict on a content, or None when the connection just ended."""
    return finish(begin(path, content, kind, seconds))


def status(path, seconds=30):
    with Connection(path, seconds) as c:
        nonce = random.getrandbits(64)
        c.send(question(ASK_STATUS, 0, nonce))
        got = c.answer()
    assert got is None or got.nonce == nonce, "another's answer"
    return got
