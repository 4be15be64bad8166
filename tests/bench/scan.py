#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What scanning costs: scan.py

Prints, with postern and postern-scan of tests/run-postern:

- CPU for outbound messages of 2 MiB: no verdict kept; new messages with an
  attachment seen before; messages that were seen before as they are;
- memory of each worker after that mail;
- the time from kill -9 of workers to the next verdict;
- memory that a message of 25 MiB takes in postern, clean and stripped;
- the way to postern-scan and back, and the parser (costs.c, compiled here).

Nothing is asserted, as in load.py, from which messages and driver come.
"""
import argparse
import glob
import os
import random
import re
import signal
import statistics
import subprocess
import tempfile
import threading
import time

import load                                     # finds tests/lib too
import milterclient
import scanclient
import sigdb

MIB = 1 << 20
TRIES = 7
LIBRARIES = """libscanner.a libstate.a libauth.a libmail.a libbase.a -lclamav
-lconfuse -lseccomp -lgmime-3.0 -lgobject-2.0 -lglib-2.0 -lspf2 -lopendkim
-lopendmarc -lpsl -lidn2 -lunbound -lcrypto -ljansson -lsodium -pthread"""


def mib(pid, file, pattern):
    """Sum of the numbers of KiB that the pattern finds there, in MiB."""
    with open("/proc/%d/%s" % (pid, file)) as f:
        return sum(map(int, re.findall(pattern, f.read()))) / 1024


def workers(bench):
    """They are below the loader, which is below postern-scan."""
    table = load.processes()
    return [pid for loader, _ in table.get(bench.postern.scan_pid, [])
            for pid, _ in table.get(loader, [])]


# ---- verdicts kept

def scripts(bench, name, n, document=None):
    """Messages of 2 MiB: each with a document of its own, or all with one."""
    out = []
    with milterclient.Milter(bench.postern.sock) as m:
        for i in range(n):
            raw = load.mail(random.Random("%s %d" % (name, i)), load.OURS,
                            load.FOREIGN[0], 2 * MIB, document)
            out.append(load.script(m, "out", raw, load.OURS))
    return out


def print_2m(bench, what, all_scripts):
    """Each of them once, on one connection after another."""
    before = load.cpu(bench.pids)
    for pieces in all_scripts:
        with milterclient.Milter(bench.postern.sock) as m:
            load.play(m, pieces)
    used = [1000 * (b - a) / len(all_scripts)
            for a, b in zip(before, load.cpu(bench.pids))]
    print("| %s | %.1f | %.1f | %.1f | %.1f |" % (what, *used, sum(used)),
          flush=True)


def print_cached(opt, world, n=24):
    print("\nCPU s/1000 messages of 2 MiB, outbound, one connection\n"
          "| | postern | -sign | -scan | sum |\n|---|---:|---:|---:|---:|")
    document = load.pdf(random.Random("document"), int(1.46 * MIB))
    with load.running(opt, world, "scan-cache = 0\n") as bench:
        print_2m(bench, "no verdict kept", scripts(bench, "a", n))
    with load.running(opt, world) as bench:
        known = scripts(bench, "b", n, document)
        load.play(milterclient.Milter(bench.postern.sock), known.pop())
        print_2m(bench, "attachment seen before, message new", known)
        print_2m(bench, "message seen before", known * 4)


# ---- workers

def print_workers(bench):
    print("\nprivate memory of each worker, MiB")
    for size in load.SIZES:
        bench.load("in", size, 2)
        private = [mib(pid, "smaps_rollup", r"Private_\w+:\s+(\d+)")
                   for pid in workers(bench)]
        print("  after mail of %s: %s" % (size, " ".join(
            "%.2f" % x for x in private)), flush=True)


def verdict_after(bench, pids):
    """ms from killing them to a verdict, asking again until there is one."""
    path = bench.postern.run + "/scan.sock"
    began = time.monotonic()
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    while True:
        try:
            if scanclient.scan(path, b"a harmless text\n", seconds=5):
                return 1000 * (time.monotonic() - began)
        except OSError:
            pass


def print_killed(bench):
    for what, some in (("one worker", slice(0, 1)),
                       ("all workers", slice(None))):
        took = []
        for _ in range(TRIES):
            took.append(verdict_after(bench, workers(bench)[some]))
            time.sleep(1)
        print("next verdict after kill -9 of %s: median %.0f ms, worst "
              "%.0f ms" % (what, statistics.median(took), max(took)),
              flush=True)


# ---- memory for a large message

def memfds(pid):
    """Bytes that its memfds hold; they are in no RSS unless mapped."""
    total = 0
    for fd in glob.glob("/proc/%d/fd/*" % pid):
        try:
            if os.readlink(fd).startswith("/memfd:"):
                total += os.stat(fd).st_blocks * 512
        except OSError:
            pass
    return total / MIB


class Watch(threading.Thread):
    """The most of RSS and memfds together, seen about each 2 ms."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.over = pid, threading.Event()
        self.most = (0, 0, 0)

    def run(self):
        while not self.over.wait(0.002):
            rss = mib(self.pid, "status", r"VmRSS:\s+(\d+)")
            files = memfds(self.pid)
            self.most = max(self.most, (rss + files, rss, files))


def large(virus):
    r = random.Random("large")
    document = r.randbytes(int(18.2 * MIB)) + virus
    return load.mail(r, load.OURS, load.FOREIGN[0], 25 * MIB, document)


def print_large(opt, world):
    print("\nmemory of postern for a message of 25 MiB, MiB above idle (RSS "
          "and memfds together)")
    for what, virus in (("clean", b""), ("stripped", sigdb.ONE)):
        raw = large(virus)
        with load.running(opt, world, "virus-outbound = strip\n") as bench:
            pid = bench.postern.pid
            idle = mib(pid, "status", r"VmRSS:\s+(\d+)")
            watch = Watch(pid)
            watch.start()
            out = bench.postern.submit(raw, login="ann",
                                       sender="ann@" + load.OURS)
            watch.over.set()
            watch.join()
        most, rss, files = watch.most
        size = len(raw) / MIB
        print("  %s (%s, %.1f MiB): %.1f = %.2f of its size; RSS %.1f, "
              "memfds %.1f" % (what, out.final.word, size, most - idle,
                               (most - idle) / size, rss - idle, files),
              flush=True)


# ---- single steps, in C

def compiled(folder):
    """costs.c with the libraries of the build that is measured."""
    build = os.environ.get("POSTERN_BUILD") or load.TOP + "/build"
    out = folder + "/costs"
    subprocess.run(["gcc", "-std=c11", "-O2", "-D_GNU_SOURCE", "-I" + build,
                    "-I" + load.TOP + "/milter/scanner"] +
                   [x for layer in ("base", "mail", "auth", "state") for x in
                    ("-iquote", load.TOP + "/include/" + layer)] +
                   ["-o", out, load.TOP + "/tests/bench/costs.c"] +
                   [build + "/" + x if x.endswith(".a") else x
                    for x in LIBRARIES.split()], check=True)
    return out


def print_steps(bench, folder):
    costs = compiled(folder)
    print("\nmime_parse()", flush=True)
    subprocess.run([costs, "parse"], check=True)
    print("\nthe way to postern-scan and back", flush=True)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as tmp:
        subprocess.run([costs, "way", bench.postern.run + "/scan.sock",
                        folder + "/signatures", tmp], check=True,
                       stderr=subprocess.DEVNULL)


def main():
    opt = argparse.ArgumentParser(
        description=__doc__.split("\n", maxsplit=1)[0]).parse_args()
    with load.measuring() as world:
        print_cached(opt, world)
        with load.running(opt, world, "scan-cache = 0\n") as bench:
            print_workers(bench)
            print_killed(bench)
        print_large(opt, world)
        with load.running(opt, world, "scan-cache = 0\n") as bench:
            print_steps(bench, world.folder)


if __name__ == "__main__":
    main()
