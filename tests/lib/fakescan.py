# SPDX-License-Identifier: BSD-2-Clause
"""A scanner that answers as a test wants: right, wrong, late, or not at all.

FakeScan(path, answer): answer(content, question) returns the bytes of a
packet (clean(), virus(), ... make them), a list of packets, None to close
without an answer, or a number of seconds to wait before closing.  Probes with
EICAR and the harmless text get right answers unless `probes` is False.
"""
import mmap
import os
import socket
import struct
import threading
import time

from sigdb import EICAR

CLEAN, VIRUS, NOT_SCANNED, FAILED = 1, 2, 3, 4
SCAN, STATUS = 1, 2


def answer(question, status, name=b"", extensions=b"", nonce=None, version=7,
           proto=1, info=b""):
    nonce = question["nonce"] if nonce is None else nonce
    return struct.pack(">HBQQ", proto, status, nonce, version) + b"".join(
        struct.pack(">H", len(x)) + x for x in (name, extensions)) + \
        struct.pack("B", bool(info)) + info


def clean(question):
    return answer(question, CLEAN)


def virus(question, name=b"Fake.Virus"):
    return answer(question, VIRUS, name)


class FakeScan:
    def __init__(self, path, judge=None, probes=True, workers=4):
        self.path, self.judge, self.probes = path, judge, probes
        self.workers = workers
        self.seen = []              # contents, without probes
        self.now = self.most = 0    # at once
        self.lock = threading.Lock()
        if os.path.exists(path):
            os.unlink(path)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.sock.bind(path)
        os.chmod(path, 0o666)
        self.sock.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()
        if os.path.exists(self.path):
            os.unlink(self.path)

    def _serve(self):
        while True:
            try:
                conn, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(conn,),
                             daemon=True).start()

    def _one(self, conn):
        with conn:
            conn.settimeout(30)
            try:
                packet, fds, _, _ = socket.recv_fds(conn, 4096, 4)
                for reply in self._answers(packet, fds):
                    conn.sendall(reply)
            except OSError:
                pass

    def _answers(self, packet, fds):
        if len(packet) != struct.calcsize(">HBBQQ"):
            return []
        names = ("version", "ask", "kind", "nonce", "size")
        question = dict(zip(names, struct.unpack(">HBBQQ", packet)))
        if question["ask"] == STATUS:
            now = int(time.time())
            return [answer(question, CLEAN, info=struct.pack(
                ">IQQI", 9, now, now, self.workers))]
        content = b""
        if question["size"]:
            with mmap.mmap(fds[0], question["size"],
                           prot=mmap.PROT_READ) as m:
                content = m[:]
        for fd in fds:
            os.close(fd)
        return self._judge(content, question)

    def _judge(self, content, question):
        if self.probes and content == EICAR:
            return [virus(question, b"Eicar-Test-Signature")]
        if self.probes and b"does no harm" in content and len(content) < 100:
            return [clean(question)]
        with self.lock:
            self.seen.append(content)
            self.now += 1
            self.most = max(self.most, self.now)
        try:
            got = self.judge(content, question) if self.judge else \
                clean(question)
            if isinstance(got, (int, float)):
                time.sleep(got)
                got = None
            return [] if got is None else got if isinstance(got, list) \
                else [got]
        finally:
            with self.lock:
                self.now -= 1
