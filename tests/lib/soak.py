#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Many messages, and a look at the memory: soak.py [MESSAGES]

Eight connections send messages of all classes, good and refused, signed and
not.  After a first fifth, which fills caches, the memory of both programs
must not grow any more than noise.
"""
import os
import sys
import tempfile
import threading

import postern
import world as world_module
from milterclient import Milter
from world import HOST, STRANGER, mail

CONNECTIONS = 8
PER_CONNECTION = 50         # messages, then a new one, as Postfix does
NOISE_KIB = 8 * 1024


def rss(pid):
    with open("/proc/%d/status" % pid) as f:
        for line in f:
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def kinds(world):
    """What is sent in turn: (client, sender, login, raw, word)."""
    good = world.signed(mail("x@good.example"), "good.example")
    return [
        (HOST, "x@good.example", None, good, "accept"),
        (STRANGER, "x@good.example", None, mail("x@good.example"), "reject"),
        (HOST, "b@example.org", "bob", mail("b@example.org"), "accept"),
        (HOST, "b@example.net", "bob", mail("b@example.net"), "accept"),
        (STRANGER, "x@quar.example", None, mail("x@quar.example"), "accept"),
        (HOST, "", None, mail(None), "accept"),
        (HOST, "x@evil.example", None,
         mail("x@evil.example", body="line of text\r\n" * 2000), "accept"),
    ]


class Sender(threading.Thread):
    def __init__(self, sock, turns, count):
        super().__init__(daemon=True)
        self.sock, self.turns, self.count = sock, turns, count
        self.wrong = None

    def run(self):
        try:
            for at in range(0, self.count, PER_CONNECTION):
                self.connection(at, min(PER_CONNECTION, self.count - at))
        except Exception as e:      # shown by the main thread
            self.wrong = e

    def connection(self, at, n):
        turn = self.turns[at // PER_CONNECTION % len(self.turns)]
        client, sender, login, raw, word = turn
        with Milter(self.sock) as m:
            m.connect(client)
            m.helo()
            for _ in range(n):
                out = m.deliver(raw, sender, login=login)
                if out.word != word:
                    raise AssertionError("%r, not %s" % (out, word))
            m.quit()


def send(p, turns, count):
    threads = [Sender(p.sock, turns, count // CONNECTIONS)
               for _ in range(CONNECTIONS)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
        if t.wrong:
            raise t.wrong


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100000
    with tempfile.TemporaryDirectory(prefix="postern-soak-") as folder:
        os.chmod(folder, 0o755)
        world = world_module.World(folder + "/world")
        p = postern.Postern(folder + "/p", DNS=world.dns.address,
                            KEYS=world.keys)
        try:
            turns = kinds(world)
            send(p, turns, count // 5)
            seen = [(rss(p.pid), rss(p.sign_pid))]
            for _ in range(4):
                send(p, turns, count // 5)
                seen.append((rss(p.pid), rss(p.sign_pid)))
                print("postern %d KiB, postern-sign %d KiB" % seen[-1],
                      flush=True)
        finally:
            p.stop()
            world.close()
    for first, last, name in zip(seen[0], seen[-1],
                                 ("postern", "postern-sign")):
        if last - first > NOISE_KIB:
            sys.exit("%s grew from %d to %d KiB over %d messages" %
                     (name, first, last, count * 4 // 5))


if __name__ == "__main__":
    main()
