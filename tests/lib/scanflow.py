# SPDX-License-Identifier: BSD-2-Clause
"""What the flow tests about scanning share: a message through a postern with
its log line, the journal, and posternctl."""
import glob
import json
import os
import subprocess

from tools import TOP, WITH_US
from world import HOST

LOCAL = {"client": "127.0.0.1", "port": 0, "name": "localhost"}
_count = iter(range(1, 10 ** 6))


def submit(postern, raw, **how):
    """The outcome and the log line of a message with a queue id of its own."""
    qid = "4Scan%06d" % next(_count)
    how.setdefault("client", HOST)
    out = postern.submit(raw, queue_id=qid, timeout=120, **how)
    return out, postern.line(qid)


def events(folder):
    """All events of a journal, oldest first."""
    out = []
    for path in sorted(glob.glob(folder + "/*.jsonl")):
        with open(path, encoding="utf-8") as f:
            out += [json.loads(x) for x in f]
    return out


def program(name):
    """The path of a program of the build that is tested."""
    build = os.environ.get("POSTERN_BUILD", TOP + "/build")
    return build + "/" + name


def ctl(postern, *words):
    """posternctl with this postern's configuration."""
    return subprocess.run(
        WITH_US + [program("posternctl"), "-c",
                   postern.run + "/postern.conf", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
