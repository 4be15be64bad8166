# SPDX-License-Identifier: BSD-2-Clause
"""A running postern, started by tests/run-postern."""
import glob
import os
import re
import signal
import subprocess

import milterclient
from tools import TOP, WITH_US, accepts, wait_for

# The look for leaks met a thread that was just ending: nothing is found.
NO_REPORT = re.compile(r"^==\d+==Unable to get registers from thread \d+\.$",
                       re.M)
PAIR = re.compile(r'([A-Za-z][\w.-]*)=("(?:[^"\\]|\\.)*"|\S*)')


def parse_line(line):
    """The pairs of a structured log line, quotes taken off."""
    out = {}
    for key, value in PAIR.findall(line):
        if value.startswith('"'):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        out[key] = value
    return out


class Failed(Exception):
    """postern ended before it was ready: code and what it said."""

    def __init__(self, code, log):
        super().__init__("exit code %s\n%s" % (code, log))
        self.code, self.log = code, log


class Postern:
    live = []

    def __init__(self, run, extra=None, listen=None, **env):
        """listen: where it listens when `extra` says other than SOCK."""
        self.run = str(run)
        os.makedirs(self.run, exist_ok=True)
        self.sock = env.pop("SOCK", None) or self.run + "/milter.sock"
        if extra is not None:
            env["EXTRA"] = self.run + "/extra.conf"
            with open(env["EXTRA"], "w") as f:
                f.write(extra)
        self.extra = env.get("EXTRA")
        full = dict(os.environ, RUN=self.run, SOCK=self.sock)
        self.sock = listen or self.sock
        full.update({k: v for k, v in env.items() if v is not None})
        full.update(self.sanitizers())
        self.log_path = self.run + "/log"
        with open(self.log_path, "ab") as log:
            self.proc = subprocess.Popen(
                WITH_US + [TOP + "/tests/run-postern"], env=full, stdout=log,
                stderr=log, stdin=subprocess.DEVNULL)
        self.code = None
        try:
            wait_for("postern to listen", self._ready, 60)
        except BaseException:
            self.kill()
            raise
        Postern.live.append(self)

    def sanitizers(self):
        """Reports go to files of ours; check() reads them."""
        log = ":log_path=" + self.run + "/sanitizer"
        return {
            # GLib's own allocator hides from the sanitizers who frees.
            "G_SLICE": "always-malloc",
            "ASAN_OPTIONS": "detect_leaks=1:exitcode=66" + log,
            "UBSAN_OPTIONS": "print_stacktrace=1:exitcode=66" + log,
            "LSAN_OPTIONS": "suppressions=%s/tests/lib/lsan.supp" % TOP,
            "TSAN_OPTIONS": "exitcode=66:second_deadlock_stack=1:"
                            "suppressions=%s/tests/lib/tsan.supp%s" %
                            (TOP, log),
        }

    def _ready(self):
        if self.proc.poll() is not None:
            self.code = self.proc.returncode
            raise Failed(self.code, self.log())
        return accepts(self.sock)

    def _pid(self, name):
        with open("%s/%s.pid" % (self.run, name)) as f:
            return int(f.read())

    @property
    def pid(self):
        return self._pid("postern")

    @property
    def sign_pid(self):
        return self._pid("sign")

    @property
    def scan_pid(self):
        return self._pid("scan")

    def alive(self):
        return self.proc.poll() is None

    def log(self):
        with open(self.log_path, "rb") as f:
            return f.read().decode("utf-8", "replace")

    def lines(self, qid=None):
        """The structured lines, one for each message, as dicts."""
        out = [parse_line(x) for x in self.log().splitlines() if "qid=" in x]
        return [x for x in out if qid is None or x.get("qid") == qid]

    def line(self, qid):
        """The one line of this message."""
        wait_for("the log line of " + qid, lambda: self.lines(qid))
        found = self.lines(qid)
        assert len(found) == 1, found
        return found[0]

    def submit(self, raw, **how):
        return milterclient.submit(self.sock, raw, **how)

    def signal(self, number):
        os.kill(self.pid, number)

    def reload(self, said):
        """HUP, and waits until the log says so once more."""
        before = self.log().count(said)
        self.signal(signal.SIGHUP)
        wait_for("the log to say " + said,
                 lambda: self.log().count(said) > before)

    def kill(self):
        if self.proc.poll() is None:
            self.proc.terminate()
            try:
                self.proc.wait(20)
            except subprocess.TimeoutExpired:
                self.proc.kill()
                self.proc.wait()
        self.code = self.proc.returncode
        return self.code

    def check(self):
        """No sanitizer has anything to report."""
        for path in glob.glob(self.run + "/sanitizer*"):
            with open(path, errors="replace") as f:
                text = NO_REPORT.sub("", f.read())
            if text.strip():
                raise AssertionError("sanitizer report:\n" + text[:6000])

    def stop(self):
        """Ends it, and proves that it ended well."""
        if self in Postern.live:
            Postern.live.remove(self)
        code = self.kill()
        self.check()
        assert code == 0, "postern ended with %s\n%s" % (
            code, self.log()[-3000:])
