# SPDX-License-Identifier: BSD-2-Clause
"""A real authoritative DNS server (nsd) on a loopback port of its own.

It serves the root zone too, so that a walk up the tree ends in an answer and
not in a refusal.  Zones are given as {zone: [lines]}; a line is an owner
relative to the zone ("@", "www"), a type and its data: "@ A 192.0.2.1".  Text
records may be given as tuples (owner, text) and are quoted and split here.
"""
import os
import re
import socket
import subprocess

import dns.message
import dns.query

from tools import WITH_US, free_port, stop, wait_for

CONF = """server:
    ip-address: 127.0.0.1@{port}
    username: ""
    chroot: ""
    zonesdir: "{dir}"
{database}    pidfile: "{dir}/nsd.pid"
    xfrdfile: "{dir}/xfrd.state"
    xfrdir: "{dir}"
    zonelistfile: "{dir}/zone.list"
    logfile: "{dir}/nsd.log"
    server-count: 1
    rrl-ratelimit: 0
    rrl-whitelist-ratelimit: 0
remote-control:
    control-enable: no
"""
SOA = "$TTL 300\n@ SOA ns.invalid. hostmaster.invalid. 1 3600 600 86400 1\n" \
    "@ NS ns.invalid.\n"


def txt(text):
    """The data of a TXT record, in strings of at most 255 bytes."""
    parts = [text[i:i + 255] for i in range(0, len(text), 255)] or [""]
    return " ".join('"%s"' % p.replace("\\", "\\\\").replace('"', '\\"')
                    for p in parts)


class Nsd:
    def __init__(self, directory, zones):
        self.dir = str(directory)
        self.port = free_port()
        self.address = "127.0.0.1@%d" % self.port
        os.makedirs(self.dir, exist_ok=True)
        nsd = "/usr/sbin/nsd" if os.path.exists("/usr/sbin/nsd") else "nsd"
        conf = [CONF.format(port=self.port, dir=self.dir,
                            database=self.database_setting(nsd))]
        zones = dict(zones)
        zones.setdefault(".", [])
        for zone, lines in zones.items():
            name = "root" if zone == "." else zone
            conf.append('zone:\n    name: "%s"\n    zonefile: "%s.zone"\n' %
                        (zone, name))
            if lines is None:       # no file: the answer is SERVFAIL
                continue
            with open(os.path.join(self.dir, name + ".zone"), "w") as f:
                f.write("$ORIGIN %s.\n" % zone.rstrip(".") if zone != "."
                        else "$ORIGIN .\n")
                f.write(SOA)
                for line in lines:
                    if isinstance(line, tuple):
                        line = "%s TXT %s" % (line[0], txt(line[1]))
                    f.write(line + "\n")
        path = os.path.join(self.dir, "nsd.conf")
        with open(path, "w") as f:
            f.write("".join(conf))
        self.proc = subprocess.Popen(WITH_US + [nsd, "-d", "-c", path],
                                     stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL,
                                     stderr=subprocess.DEVNULL)
        wait_for("nsd", self.answers)

    @staticmethod
    def database_setting(nsd):
        """Before 4.8 nsd keeps a database file unless it is told not to."""
        said = subprocess.run([nsd, "-v"], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT).stdout.decode()
        found = re.search(r"version (\d+)\.(\d+)", said)
        old = found and (int(found[1]), int(found[2])) < (4, 8)
        return '    database: ""\n' if old else ""

    def answers(self):
        if self.proc.poll() is not None:
            with open(os.path.join(self.dir, "nsd.log")) as f:
                raise AssertionError("nsd ended: " + f.read())
        try:
            reply = dns.query.udp(dns.message.make_query(".", "SOA"),
                                  "127.0.0.1", 0.5, self.port)
        except (OSError, dns.exception.Timeout, socket.timeout):
            return False
        return reply.rcode() == 0 and bool(reply.answer)

    def close(self):
        stop(self.proc)
