# SPDX-License-Identifier: BSD-2-Clause
"""A postern-scan of a test's own, its processes, and what they leave."""
import os
import re
import subprocess

import pytest

import scanclient
import sigdb
from tools import TOP, children, stat_of, stop, wait_for

HARMLESS = b"Nothing to see here.\r\n" * 20
# Bytes that keep a worker busy for a while: random ones are the slowest.
SLOW = os.urandom(24 << 20)


def program():
    """As tests/run-postern finds it."""
    given = os.environ.get("POSTERN_BUILD")
    places = [given] if given else [TOP, TOP + "/build"]
    found = [p + "/postern-scan" for p in places
             if os.path.exists(p + "/postern-scan")]
    assert found, "build postern-scan first"
    return max(found, key=os.path.getmtime)


class Scanner:
    def __init__(self, folder):
        self.dir = folder
        self.sock = folder + "/scan.sock"
        self.conf = folder + "/postern.conf"
        self.log_path = folder + "/log"
        self.db = folder + "/db"
        self.tmp = folder + "/tmp"
        self.extra = ""
        self.proc = None
        sigdb.make(self.db)
        os.mkdir(self.tmp)
        os.chmod(self.tmp, 0o777)

    def write(self):
        with open(self.conf, "w") as f:
            # Settings of other programs are not the scanner's business.
            f.write('authserv-id = "mx.example.org"\n'
                    'domain "x" { key "s" { file = "/k" } }\n'
                    'scan-socket = "%s"\nscan-database = "%s"\n' %
                    (self.sock, self.db))
            if "scan-tmp" not in self.extra:
                f.write('scan-tmp = "%s"\n' % self.tmp)
            if "scan-workers" not in self.extra:
                f.write("scan-workers = 3\n")
            f.write(self.extra + "\n")

    def launch(self, *args, before=(), **env):
        self.write()
        with open(self.log_path, "wb") as log:
            self.proc = subprocess.Popen(
                [*before, program(), "-f", "-c", self.conf, *args],
                stderr=log, stdin=subprocess.DEVNULL,
                env=dict(os.environ, **env))
        return self

    def start(self, *args, **env):
        self.launch(*args, **env)
        wait_for("postern-scan to be ready", self.ready)
        return self

    def ready(self):
        assert self.proc.poll() is None, self.log()
        return "workers are confined" in self.log()

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def says(self, text, times=1):
        wait_for("the log to say " + text,
                 lambda: self.log().count(text) >= times)

    def scan(self, content, **how):
        return scanclient.scan(self.sock, content, **how)

    def status(self):
        return scanclient.status(self.sock)

    def loaders(self):
        return children(self.proc.pid)

    def workers(self):
        return [w for loader in self.loaders() for w in children(loader)]

    def left_in_tmp(self):
        """Files of scans; the workers' own folders stay."""
        return [os.path.join(folder, name)
                for folder, dirs, files in os.walk(self.tmp)
                for name in files + dirs
                if not re.fullmatch(r"postern-scan\..{6}|\d+|w\d+", name)]

    def kill(self):
        if self.proc is not None and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()

    def stop(self):
        code = stop(self.proc)
        assert code == 0, self.log()
        assert "anitizer:" not in self.log(), self.log()


@pytest.fixture
def scanner(folder):
    s = Scanner(folder)
    yield s
    if s.proc is not None and s.proc.poll() is None:
        s.stop()


def busy_worker(scanner):
    """(connection, pid): a worker that is in the middle of a slow scan."""
    before = {w: int(stat_of(w)[11]) for w in scanner.workers()}
    connection = scanclient.begin(scanner.sock, SLOW)

    def busiest():
        for w in scanner.workers():
            got = stat_of(w)
            if got and int(got[11]) > before.get(w, 0) + 5:
                return w
        return None

    return connection, wait_for("a worker to be busy", busiest, every=0.01)
