#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What a message costs: a driver of our own, with nothing but the tree's tests.

load.py [--long] [--seconds S] [--messages N] [--milterload PROGRAM]

Starts a DNS server and postern (tests/run-postern, so POSTERN_BUILD says which
one), and prints

- CPU seconds of postern, postern-sign and postern-scan per 1000 messages,
  inbound (SPF, DKIM, DMARC) and outbound (one RSA-2048 signature), for three
  sizes, with scanning (no verdict kept) and without;
- memory with 200 idle connections;
- memory in the course of N messages (20,000; --long: 100,000);
- the wait for negotiation while 16 connections are never idle.  Python alone
  does not keep them busy all the time; --milterload gives a driver that does.

Nothing is asserted: these are figures to read, and other work on the machine
disturbs them, CPU seconds least.
"""
import argparse
import base64
import contextlib
import json
import multiprocessing
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(TOP, "tests", "lib"))

import keys                                                     # noqa: E402
import milterclient                                             # noqa: E402
import nsd                                                      # noqa: E402
import sigdb                                                    # noqa: E402
from postern import Postern                                     # noqa: E402

SIZES = {"4k": 4 << 10, "50k": 50 << 10, "2m": 2 << 20}
FOREIGN = ("good.example", "fine.example", "best.example")
OURS = "example.org"
CLIENT = "192.0.2.10"
LOADERS = 8             # connections at once, one message each
IDLE = 200
BUSY = 16
TICK = os.sysconf("SC_CLK_TCK")
EDITS = {c.encode() for c in milterclient.EDITS} | {b"p"}


# ---- messages and zones

def text(r, size):
    """Lines of words, as plain text has them."""
    lines = []
    while size > 0:
        lines.append(" ".join("%x" % r.getrandbits(4 * r.randint(1, 8))
                              for _ in range(11)))
        size -= len(lines[-1]) + 2
    return "\r\n".join(lines) + "\r\n"


def pdf(r, size):
    """A document: deflated text for the most, and a picture."""
    out, n = b"%PDF-1.4\n", 0
    while len(out) < size:
        n += 1
        if len(out) < size * 0.4:
            data, how = zlib.compress(text(r, 8000).encode()), "FlateDecode"
        else:
            data = b"\xff\xd8\xff\xe0" + r.randbytes(size - len(out))
            how = "DCTDecode /Subtype /Image"
        out += b"%d 0 obj\n<< /Length %d /Filter /%s >>\nstream\n" % (
            n, len(data), how.encode()) + data + b"\nendstream\nendobj\n"
    return out + b"trailer << /Size %d >>\n%%%%EOF\n" % n


def mail(r, author, rcpt, size, document=None):
    """Text, and an attachment in base64 where there is room for one."""
    head = ("From: Ann <ann@%s>\r\nTo: Bob <bob@%s>\r\nSubject: %s\r\n"
            "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
            "Message-ID: <%x@%s>\r\nMIME-Version: 1.0\r\n" %
            (author, rcpt, " ".join("%x" % r.getrandbits(20)
                                    for _ in range(6)), r.getrandbits(64),
             author))
    if size < 8192:
        return (head + "Content-Type: text/plain\r\n\r\n" +
                text(r, size - len(head) - 500)).encode()
    data = base64.encodebytes(document or pdf(r, int((size - 4096) * 0.73)))
    return (head + "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n"
            "--=_b\r\n\r\n" + text(r, 2600) + "--=_b\r\n"
            "Content-Type: application/pdf; name=\"document.pdf\"\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n" +
            data.decode().replace("\n", "\r\n") + "--=_b--\r\n").encode()


class World:
    """Keys, zones and messages."""

    def __init__(self, folder):
        self.folder = folder
        self.keys = folder + "/keys"
        self.files = folder + "/mail"
        os.makedirs(self.keys)
        os.makedirs(self.files)
        zones = {z: [] for z in ("example", "org")}
        zones[OURS] = self.zone(OURS)
        for domain in FOREIGN:
            zones[domain] = self.zone(domain)
        self.dns = nsd.Nsd(folder + "/dns", zones)
        self.mail = {(way, size): self.messages(way, size)
                     for way in ("in", "out") for size in SIZES}

    def key(self, domain):
        return "%s/%s.key" % (self.keys, domain)

    def zone(self, domain):
        keys.make(self.key(domain))
        return ["@ A " + CLIENT, "@ MX 10 mail", "mail A " + CLIENT,
                ("mail", "v=spf1 a -all"),
                ("@", "v=spf1 include:_spf.%s mx -all" % domain),
                ("_spf", "v=spf1 ip4:198.51.100.0/24 ip4:192.0.2.0/24 -all"),
                ("_dmarc", "v=DMARC1; p=reject; adkim=s; "
                 "rua=mailto:r@%s" % domain),
                ("s1._domainkey", keys.record(self.key(domain)))]

    def messages(self, way, size):
        """[(raw, From domain)]"""
        out = []
        # More than LOADERS: the same content is scanned once at a time.
        for i in range(12):
            r = random.Random("%s%s%d" % (way, size, i))
            author = FOREIGN[i % len(FOREIGN)] if way == "in" else OURS
            raw = mail(r, author, OURS if way == "in" else FOREIGN[0],
                       SIZES[size])
            if way == "in":
                raw = keys.sign(raw, self.key(author), author)
            with open("%s/%s-%s-%d.eml" % (self.files, way, size, i),
                      "wb") as f:
                f.write(raw)
            out.append((raw, author))
        return out


# ---- one message as the bytes between two answers

class Script(milterclient.Milter):
    """Records what deliver() sends, split where an MTA waits."""

    def __init__(self, like):
        self.macros = {"j": "mx.example.org", "daemon_name": "INBOUND"}
        self.wanted, self.steps = like.wanted, like.steps
        self.pieces, self.piece = [], bytearray()

    def raw(self, data):
        self.piece += data

    def answer(self, outcome=None):
        self.pieces.append(bytes(self.piece))
        self.piece = bytearray()
        return milterclient.CONTINUE


def script(like, way, raw, author):
    s = Script(like)
    s.connect(CLIENT, "mail." + author)
    s.helo("mail." + author)
    s.deliver(raw, sender="ann@" + author, rcpts=("bob@example.org",),
              login="ann" if way == "out" else None)
    return s.pieces


def play(connection, pieces):
    """Sends a message; the command that ended it."""
    for piece in pieces:
        connection.sock.sendall(piece)
        command = b"p"
        while command in EDITS:
            command = connection.read()[0].encode("latin-1")
        if command not in (b"c", b"a"):
            return command
    return b"c"


def loader(sock, scripts, count, end, result):
    """One message a connection, until `count` are done or it is `end`."""
    done, bad, i = 0, 0, os.getpid()
    while (count is None or done < count) and time.monotonic() < end:
        with milterclient.Milter(sock) as m:
            bad += play(m, scripts[i % len(scripts)]) != b"c"
            m.packet("Q")
        done += 1
        i += 1
    result.put((done, bad))


def busy(sock, scripts, end, result):
    """A connection that is never idle; its wait for the negotiation."""
    began = time.monotonic()
    with milterclient.Milter(sock) as m:
        waited, i = time.monotonic() - began, os.getpid()
        while time.monotonic() < end:
            play(m, scripts[i % len(scripts)])
            i += 1
    result.put(waited)


def together(target, n, *args):
    """The results of n processes."""
    result = multiprocessing.SimpleQueue()
    procs = [multiprocessing.Process(target=target, args=args + (result,))
             for _ in range(n)]
    for p in procs:
        p.start()
    out = [result.get() for _ in procs]
    for p in procs:
        p.join()
    return out


# ---- figures

def processes():
    """parent -> [(pid, CPU ticks, its ended children's too)]"""
    out = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % pid) as f:
                words = f.read().rpartition(")")[2].split()
        except OSError:
            continue
        out.setdefault(int(words[1]), []).append(
            (int(pid), sum(map(int, words[11:15]))))
    return out


def cpu(roots):
    """CPU seconds of each of these processes with all below it."""
    table = processes()
    ticks = {pid: n for row in table.values() for pid, n in row}

    def total(pid):
        return ticks.get(pid, 0) + sum(total(x) for x, _ in
                                       table.get(pid, []))

    return [total(pid) / TICK for pid in roots]


class Bench:
    def __init__(self, opt, world, run, extra=""):
        self.opt = opt
        self.world = world
        database = world.folder + "/signatures"
        if not os.path.exists(database):
            sigdb.make(database)
        self.postern = Postern(run, extra=extra, DNS=world.dns.address,
                               KEYS=world.keys, SIGN=OURS,
                               EICAR_DB=database)
        self.pids = [self.postern.pid, self.postern.sign_pid]
        if "scan = no" not in extra:
            self.pids.append(self.postern.scan_pid)
        with milterclient.Milter(self.postern.sock) as m:
            self.scripts = {
                (way, size): [script(m, way, raw, author)
                              for raw, author in mails]
                for (way, size), mails in world.mail.items()}

    def close(self):
        self.postern.stop()

    def memory(self):
        """MiB of postern and postern-sign, shared pages in both."""
        kib = 0
        for pid in self.pids[:2]:
            with open("/proc/%d/status" % pid) as f:
                kib += int(re.search(r"VmRSS:\s+(\d+)", f.read())[1])
        return kib / 1024

    def load(self, way, size, seconds, count=None):
        """(messages, CPU seconds of each daemon, seconds)"""
        before, began = cpu(self.pids), time.monotonic()
        got = together(loader, LOADERS, self.postern.sock,
                       self.scripts[way, size],
                       count and count // LOADERS, began + seconds)
        bad = sum(b for _, b in got)
        if bad:
            print("!! %d messages of %s %s were not accepted" %
                  (bad, way, size))
        used = [b - a for a, b in zip(before, cpu(self.pids))]
        return sum(n for n, _ in got), used, time.monotonic() - began

    def print_cpu(self, what):
        print("\nCPU s/1000 messages, %s; %d connections, one message each" %
              (what, LOADERS))
        print("| load | size | postern | -sign | -scan | sum | msg/s (this "
              "driver) |\n|---|---|---:|---:|---:|---:|---:|")
        for way in ("in", "out"):
            for size in SIZES:
                self.load(way, size, 0.5)
                n, used, took = self.load(way, size, self.opt.seconds)
                each = [1000 * x / n for x in used] + [0] * (3 - len(used))
                print("| %s | %s | %.3f | %.3f | %.3f | %.3f | %.0f |" % (
                    way, size, *each, sum(each), n / took), flush=True)

    def print_idle(self):
        before = self.memory()
        idle = [milterclient.Milter(self.postern.sock) for _ in range(IDLE)]
        for m in idle:
            m.connect(CLIENT)
            m.helo()
        time.sleep(1)
        print("\nmemory with %d idle connections: %.1f MiB (without: %.1f)" %
              (IDLE, self.memory(), before), flush=True)
        for m in idle:
            m.quit()

    def print_growth(self):
        total, part, seen = self.opt.messages, self.opt.messages // 20, []
        for _ in range(10):
            for way in ("in", "out"):
                self.load(way, "4k", 3600, part)
            seen.append(self.memory())
        print("\nmemory after each tenth of %d messages, MiB: %s" %
              (total, " ".join("%.1f" % x for x in seen)))
        print("growth over the last half: %.1f bytes a message" %
              ((seen[-1] - seen[4]) * 2**20 / (total / 2)), flush=True)

    def print_negotiation(self):
        end = time.monotonic() + self.opt.seconds
        result = multiprocessing.SimpleQueue()
        procs = [multiprocessing.Process(target=busy, args=(
            self.postern.sock, self.scripts["in", "4k"], end, result))
            for _ in range(BUSY)]
        for p in procs:
            p.start()
        waits = []
        while time.monotonic() < end:       # and one more, again and again
            began = time.monotonic()
            with milterclient.Milter(self.postern.sock):
                waits.append(time.monotonic() - began)
            time.sleep(0.02)
        waits += [result.get() for _ in procs]
        for p in procs:
            p.join()
        self.print_waits("this driver", len(waits), 1000 * statistics.median(
            waits), 1000 * statistics.quantiles(waits, n=100)[98],
            1000 * max(waits))
        if self.opt.milterload:
            self.print_milterload()

    @staticmethod
    def print_waits(who, n, p50, p99, worst):
        print("wait for negotiation, %d connections never idle (%s, %d "
              "waits): p50 %.1f ms, p99 %.1f ms, worst %.1f ms" %
              (BUSY, who, n, p50, p99, worst), flush=True)

    def print_milterload(self):
        files = [self.world.files + "/in-4k-%d.eml" % i for i in range(12)]
        for each in ("0", "100"):
            got = json.loads(subprocess.run(
                [self.opt.milterload, "--json", "-s",
                 "unix:" + self.postern.sock, "-c", str(BUSY), "-m", each,
                 "-n", "0", "-T", str(self.opt.seconds), "-C", CLIENT, "-H",
                 "mail.good.example", "-f", "@from", "-r", "@to"] + files,
                check=True, stdout=subprocess.PIPE).stdout)
            wait = got["connect_latency_ms"]
            self.print_waits(
                "milterload, %s messages each, %.0f msg/s" %
                (each if each != "0" else "all", got["msgs_per_s"]),
                max(BUSY, got["messages"] // (int(each) or 10**9)),
                wait["p50"], wait["p99"], wait["max"])


@contextlib.contextmanager
def measuring():
    folder = tempfile.mkdtemp(prefix="postern-bench-")
    world = None
    try:
        world = World(folder)
        yield world
    finally:
        if world:
            world.dns.close()
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def running(opt, world, extra=""):
    """A postern for these figures."""
    bench = Bench(opt, world, tempfile.mkdtemp(dir=world.folder), extra)
    try:
        yield bench
    finally:
        bench.close()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--long", action="store_true")
    ap.add_argument("--seconds", type=float, default=4.0,
                    help="length of one measurement")
    ap.add_argument("--messages", type=int, help="for the growth of memory")
    ap.add_argument("--milterload", help="a driver that keeps 16 connections "
                    "busy")
    opt = ap.parse_args()
    opt.messages = opt.messages or (100000 if opt.long else 20000)
    with measuring() as world:
        with running(opt, world, "scan-cache = 0\n") as bench:
            bench.print_idle()
            bench.print_cpu("all content scanned")
        with running(opt, world, "scan = no\n") as bench:
            bench.print_cpu("not scanned")
        with running(opt, world) as bench:
            bench.print_growth()
            bench.print_negotiation()


if __name__ == "__main__":
    main()
