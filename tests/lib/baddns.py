#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""A DNS server on loopback that answers from a table and can misbehave.

    baddns.py --port 0 --zone FILE.json [--log FILE] [--address 127.0.0.1]

Prints "ready PORT" when it answers (UDP and TCP, same port); SIGTERM ends it.
FILE is read again whenever it changes: write another file and rename it.
Each question adds one line to the log: "udp example.com. A".

FILE is an object; all but "names" may be left out:

    {"ttl": 0,                  of records that have none of their own
     "negative_ttl": 0,         minimum in the SOA of negative answers
     "zones": ["example.com"],  owner of that SOA (the longest that fits)
     "names": {
       "example.com": {
         "A": ["192.0.2.1"],
         "MX": [[10, "mx.example.com"]],
         "TXT": {"ttl": 60, "data": ["v=spf1 -all", ["two ", "strings"]]}},
       "slow.example.com": {"A": {"delay": 2.0, "data": ["192.0.2.2"]}},
       "dead.example.com": {"*": {"drop": true}}}}

Types: A AAAA TXT MX PTR CNAME NS SOA; "*" stands for any type that has no
entry of its own.  A name that exists only because others lie below it has no
data (NOERROR), any other that is not there is NXDOMAIN.  CNAMEs are followed
inside the table, as a resolver does.

Behaviours, beside or without "data":
    drop        no answer
    delay       seconds before the answer
    servfail, refuse, nxdomain      the rcode
    truncate    TC and nothing else by UDP; whole by TCP ("always": TCP too)
    lie         the records belong to another name
    wrongid     the answer has another id
    garbage     random bytes behind a right header
    nochase     a CNAME is not followed
    times       the behaviours hold for so many questions, then they end
"""
import argparse
import json
import os
import random
import signal
import socket
import struct
import sys
import threading

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset

CHAIN_MAX = 16
BEHAVIOURS = ("drop", "delay", "servfail", "refuse", "nxdomain", "truncate",
              "lie", "wrongid", "garbage", "nochase")
RCODES = {"servfail": dns.rcode.SERVFAIL, "refuse": dns.rcode.REFUSED,
          "nxdomain": dns.rcode.NXDOMAIN}


def quoted(text):
    """A TXT string as a zone file has it."""
    raw = text.encode("utf-8", "surrogateescape")
    return '"' + "".join(
        chr(c) if 32 <= c < 127 and c not in (34, 92) else "\\%03d" % c
        for c in raw) + '"'


def absolute(name):
    return name if name.endswith(".") else name + "."


def rdata_text(kind, item):
    if kind == "TXT":
        parts = [item] if isinstance(item, str) else item
        pieces = []
        for part in parts:
            pieces += [part[i:i + 255]
                       for i in range(0, max(1, len(part)), 255)]
        return " ".join(quoted(piece) for piece in pieces)
    if kind == "MX":
        return "%d %s" % (item[0], absolute(item[1]))
    if kind in ("PTR", "CNAME", "NS"):
        return absolute(item)
    return item


class Entry:
    """One name and type."""

    def __init__(self, kind, spec, ttl):
        spec = {"data": spec} if isinstance(spec, list) else spec
        unknown = set(spec) - set(BEHAVIOURS) - {"data", "ttl", "times"}
        if unknown:
            raise ValueError("unknown in an entry: %s" % ", ".join(unknown))
        self.ttl = spec.get("ttl", ttl)
        self.how = {k: spec[k] for k in BEHAVIOURS if spec.get(k)}
        self.times = spec.get("times")
        self.rdatas = []
        if kind != "*":
            self.rdatas = [dns.rdata.from_text("IN", kind, rdata_text(kind, d))
                           for d in spec.get("data", [])]

    def behaviour(self):
        """What to do this time; counts."""
        if self.times is None:
            return self.how
        if self.times <= 0:
            return {}
        self.times -= 1
        return self.how

    def rrsets(self, owner):
        """One set a record: dnspython shuffles the records of a set."""
        return [dns.rrset.from_rdata(owner, self.ttl, rdata)
                for rdata in self.rdatas]


class Table:
    def __init__(self, spec):
        self.negative_ttl = spec.get("negative_ttl", 0)
        self.zones = sorted((dns.name.from_text(z) for z in
                             spec.get("zones", [])), key=len, reverse=True)
        self.names = {}
        self.exists = set()
        for text, kinds in spec.get("names", {}).items():
            name = dns.name.from_text(text.lower())
            self.names[name] = {kind: Entry(kind, entry, spec.get("ttl", 0))
                                for kind, entry in kinds.items()}
            while name != dns.name.root:
                self.exists.add(name)
                name = name.parent()

    def find(self, name, kind):
        kinds = self.names.get(name, {})
        return kinds.get(kind) or kinds.get("*")

    def soa(self, name):
        zone = next((z for z in self.zones if name.is_subdomain(z)),
                    dns.name.root)
        text = "ns.invalid. hostmaster.invalid. 1 3600 600 86400 %d" \
            % self.negative_ttl
        return dns.rrset.from_text(zone, self.negative_ttl, "IN", "SOA", text)

    def fill(self, answer, name, kind):
        """Puts records in; returns the behaviour of the first name."""
        how = None
        for _ in range(CHAIN_MAX):
            entry = self.find(name, kind)
            alias = self.names.get(name, {}).get("CNAME")
            if alias and not (entry and entry.rdatas):
                entry = entry if entry and entry.how else alias
            if how is None:
                how = entry.behaviour() if entry else {}
            if entry is None or not entry.rdatas:
                break
            owner = dns.name.from_text("liar.invalid.") \
                if how.get("lie") else name
            answer.answer += entry.rrsets(owner)
            if entry is not alias or kind == "CNAME" or how.get("nochase"):
                return how
            name = entry.rdatas[0].target
            name = dns.name.Name([x.lower() for x in name.labels])
        else:
            return how
        if name not in self.exists:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        answer.authority.append(self.soa(name))
        return how


class Server:
    """Both sockets, the table and the log."""

    def __init__(self, zone, log=None, port=0, address="127.0.0.1"):
        self.zone = zone
        self.stamp = None
        self.table = None
        self.lock = threading.Lock()
        self.log = open(log, "a", buffering=1) if log else None
        self.udp, self.tcp = self.bind(address, port)
        self.port = self.udp.getsockname()[1]
        self.current()

    @staticmethod
    def bind(address, port):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        for _ in range(50):
            udp = socket.socket(family, socket.SOCK_DGRAM)
            udp.bind((address, port))
            tcp = socket.socket(family, socket.SOCK_STREAM)
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                tcp.bind((address, udp.getsockname()[1]))
            except OSError:
                udp.close()
                tcp.close()
                continue
            tcp.listen(64)
            return udp, tcp
        raise OSError("no port is free for UDP and TCP")

    def current(self):
        """The table, read again when the file changed."""
        st = os.stat(self.zone)
        stamp = (st.st_mtime_ns, st.st_size, st.st_ino)
        if stamp != self.stamp:
            try:
                with open(self.zone, encoding="utf-8") as f:
                    self.table = Table(json.load(f))
            except Exception as e:
                print("baddns: %s: %s" % (self.zone, e), file=sys.stderr)
                if self.table is None:
                    raise
            self.stamp = stamp
        return self.table

    def answer(self, wire, proto):
        """(delay, bytes), bytes None for none."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        kind = dns.rdatatype.to_text(question.rdtype)
        reply = dns.message.make_response(query, recursion_available=True)
        name = dns.name.Name([x.lower() for x in question.name.labels])
        with self.lock:
            if self.log:
                self.log.write("%s %s %s\n" % (proto, name, kind))
            how = self.current().fill(reply, name, kind) or {}
        if how.get("drop"):
            return 0, None
        return how.get("delay", 0), self.misbehave(reply, how, proto, query)

    @staticmethod
    def misbehave(reply, how, proto, query):
        for word, rcode in RCODES.items():
            if how.get(word):
                reply.answer = []
                reply.set_rcode(rcode)
        if how.get("wrongid"):
            reply.id ^= 0x5555
        limit = 512 if query.edns < 0 else max(512, query.payload)
        cut = how.get("truncate")
        wire = b"" if cut else reply.to_wire(max_size=65535)
        if cut and (proto == "udp" or cut == "always") \
                or proto == "udp" and len(wire) > limit:
            reply.answer = []
            reply.authority = []
            reply.flags |= dns.flags.TC
            wire = reply.to_wire()
        elif cut:
            wire = reply.to_wire(max_size=65535)
        if how.get("garbage"):
            wire = wire[:12] + random.randbytes(40)
        return wire

    def serve_udp(self):
        while True:
            wire, peer = self.udp.recvfrom(65535)
            try:
                delay, reply = self.answer(wire, "udp")
            except Exception as e:
                print("baddns: %r" % e, file=sys.stderr)
                continue
            if reply is None:
                continue
            if delay:
                timer = threading.Timer(delay, self.udp.sendto, (reply, peer))
                timer.daemon = True
                timer.start()
            else:
                self.udp.sendto(reply, peer)

    def serve_connection(self, conn):
        with conn, conn.makefile("rb") as stream:
            while True:
                head = stream.read(2)
                if len(head) < 2:
                    return
                wire = stream.read(struct.unpack("!H", head)[0])
                delay, reply = self.answer(wire, "tcp")
                if delay:
                    threading.Event().wait(delay)
                if reply is not None:
                    conn.sendall(struct.pack("!H", len(reply)) + reply)

    def serve_tcp(self):
        while True:
            conn, _ = self.tcp.accept()
            threading.Thread(target=self.serve_connection, args=(conn,),
                             daemon=True).start()

    def start(self):
        for loop in (self.serve_udp, self.serve_tcp):
            threading.Thread(target=loop, daemon=True).start()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--address", default="127.0.0.1")
    parser.add_argument("--zone", required=True)
    parser.add_argument("--log")
    args = parser.parse_args()
    stop = {signal.SIGTERM, signal.SIGINT}
    signal.pthread_sigmask(signal.SIG_BLOCK, stop)
    server = Server(args.zone, args.log, args.port, args.address)
    server.start()
    print("ready %d" % server.port, flush=True)
    signal.sigwait(stop)


if __name__ == "__main__":
    main()
