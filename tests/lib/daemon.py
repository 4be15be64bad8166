# SPDX-License-Identifier: BSD-2-Clause
"""A postern with a configuration of its own, without tests/run-postern: for
what that one decides for its callers (user, sockets, log)."""
import os
import re
import subprocess

import postern
from test_conf import build
from tools import WITH_US, accepts, wait_for

# What holds unless the test says otherwise.
DEFAULTS = {
    "authserv-id": '"mx.example.org"', "dns-min-ttl": "0",
    "dns-ask-special": "yes", "dmarc": "enforce",
    "scan": "no", "socket": '"unix:{run}/milter.sock"', "socket-group": '""',
    "sign-socket": '"{run}/sign.sock"', "nameservers": '{"{dns}"}',
}


class Daemon(postern.Postern):
    """conf: the test's settings, with {run} for its folder; sock: where it
    listens, when that is not {run}/milter.sock; log: the option -f or none.
    """

    def __init__(self, run, conf="", dns="127.0.0.1", sock=None, log=("-f",),
                 before=(), env=None, ready=None, **popen):
        self.run = str(run)
        os.makedirs(self.run, exist_ok=True)
        os.chmod(self.run, 0o755)
        self.conf = self.run + "/postern.conf"
        self.log_path = self.run + "/log"
        self.dns, self.code = dns, None
        self.sock = sock or self.run + "/milter.sock"
        self.write(conf)
        full = dict(os.environ, **self.sanitizers())
        full.update(env or {})
        with open(self.log_path, "ab") as out:
            self.proc = subprocess.Popen(
                [*WITH_US, *before, build() + "/postern", *log, "-c",
                 self.conf], env=full, stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, **popen)
        try:
            wait_for("postern", ready or self._ready)
        except BaseException:
            self.kill()
            raise
        postern.Postern.live.append(self)

    def write(self, conf):
        for name, value in DEFAULTS.items():
            if not re.search("^%s *=" % name, conf, re.M):
                conf = "%s = %s\n%s" % (name, value, conf)
        with open(self.conf, "w") as f:
            f.write(conf.replace("{run}", self.run).replace("{dns}",
                                                            self.dns))

    def _ready(self):
        if self.proc.poll() is not None:
            self.code = self.proc.returncode
            raise postern.Failed(self.code, self.log())
        return "start: postern" in self.log() and (
            not isinstance(self.sock, str) or os.path.exists(self.sock)) \
            and accepts(self.sock)

    @property
    def pid(self):
        return self.proc.pid

    def status(self, name):
        """A line of /proc/PID/status as a list of words."""
        with open("/proc/%d/status" % self.pid) as f:
            for line in f:
                if line.startswith(name + ":"):
                    return line.split()[1:]
        raise KeyError(name)

    def reload(self, conf, said="is in force for new connections"):
        self.write(conf)
        super().reload(said)
