# SPDX-License-Identifier: BSD-2-Clause
"""Runs baddns.py, the DNS server that can misbehave, for a test."""
import json
import os
import subprocess
import sys

from tools import TOP, WITH_US, stop


class OddDns:
    """names as baddns.py's file has them; set() gives others."""

    def __init__(self, folder, names=None, **more):
        self.zone = folder + "/zone.json"
        self.log_path = folder + "/queries"
        self.set(names or {}, **more)
        self.proc = subprocess.Popen(
            WITH_US + [sys.executable, TOP + "/tests/lib/baddns.py", "--zone",
             self.zone, "--log", self.log_path],
            stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        word, _, port = self.proc.stdout.readline().decode().partition(" ")
        assert word == "ready", "baddns.py did not start"
        self.port = int(port)
        self.address = "127.0.0.1@%d" % self.port

    def set(self, names, **more):
        with open(self.zone + ".new", "w") as f:
            json.dump(dict(more, names=names), f)
        os.rename(self.zone + ".new", self.zone)

    def queries(self):
        """Lines "udp example.com. A"."""
        with open(self.log_path) as f:
            return f.read().splitlines()

    def close(self):
        stop(self.proc)
        self.proc.stdout.close()
