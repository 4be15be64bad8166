# SPDX-License-Identifier: BSD-2-Clause
"""Bad input: peers, mail and DNS that do what they should not.

After each of these postern still serves an ordinary message; that it leaks
nothing and touches no wrong memory is judged by the sanitizer builds.
"""
import os
import pwd
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

import pytest

import authres
import milterclient
import odddns
from milterclient import Closed, Milter, Protocol
from tools import accepts, free_port, wait_for
from world import HOST, STRANGER, mail


@pytest.fixture
def victim(enforcing):
    """The common postern, proved to be well afterwards."""
    yield enforcing
    assert enforcing.alive()
    out = enforcing.submit(mail("x@good.example"), client=HOST)
    assert out.accepted, out


def in_session(sock, **how):
    m = Milter(sock, **how)
    m.connect(HOST)
    m.helo()
    return m


# -- the protocol

@pytest.mark.parametrize("raw", [
    b"", b"\0", b"\0\0\0", b"\0\0\0\0", b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xffO", b"\x80\0\0\0O", b"GET / HTTP/1.0\r\n\r\n",
    struct.pack(">I", 13) + b"O", struct.pack(">I", 1) + b"O",
    struct.pack(">I", 5) + b"O" + b"\0" * 4,
    struct.pack(">I", 13) + b"O" + struct.pack(">III", 1, 0, 0),
    struct.pack(">I", 13) + b"O" + struct.pack(">III", 99, 0x1ff, 0x1fffff),
    struct.pack(">I", 13) + b"O" + b"\xff" * 12,
    bytes(range(256)) * 64,
], ids=range(15))
def test_garbage_instead_of_negotiation(victim, raw):
    with Milter(victim.sock, negotiate=False) as m:
        try:
            m.raw(raw)
            m.sock.shutdown(socket.SHUT_WR)
        except (Closed, OSError):
            pass
        assert m.closed()


CUTS = ["C", "H", "M", "R", "T", "L", "N", "B", "E", "D", "U"]
ARGUMENTS = {
    "C": b"host\x004\x30\x39192.0.2.10\0", "H": b"host\0",
    "M": b"<x@good.example>\0", "R": b"<u@example.org>\0",
    "L": b"Subject\0 x\0", "B": b"body\r\n", "D": b"Mi\0id\0", "U": b"X\0",
}


@pytest.mark.parametrize("command", CUTS)
def test_cut_at_any_byte(victim, command):
    data = ARGUMENTS.get(command, b"")
    for keep in range(len(data) + 5):
        m = in_session(victim.sock)
        if command not in "CHMDU":
            m.mail("x@good.example")
            if command != "R":
                m.rcpt("user@example.org")
        m.cut(command, data, keep)
        m.close()


@pytest.mark.parametrize("command", CUTS + ["A", "K", "Z", "\0", "\xff"])
def test_commands_with_garbage(victim, command):
    """Arguments without their final NUL, with none, and with far too many."""
    for data in (b"", b"x", b"\0", b"\0" * 4000, b"\xff" * 300,
                 b"a" * 65000 + b"\0", b"<" * 1000 + b"\0"):
        with in_session(victim.sock, timeout=20) as m:
            try:
                m.packet(command.encode("latin-1"), data)
                m.packet("Q")
                m.sock.shutdown(socket.SHUT_WR)
            except (Closed, OSError):
                continue
            assert m.closed()


@pytest.mark.parametrize("order", [
    "E", "B", "L", "N", "R", "T", "M", "MM", "RM", "ME", "MB", "ML", "MRE",
    "MRLE", "MRBE", "MRNBLE", "MRTTTE", "MREE", "MRAE", "AAAA", "MAMAM",
    "CCC", "CMRCE", "MRHE", "MRLHME", "HHHH", "MRKCHMRE", "EEEE", "MRNNNE",
])
def test_wrong_order(victim, order):
    with in_session(victim.sock, timeout=20) as m:
        try:
            for command in order:
                m.packet(command, ARGUMENTS.get(command, b""))
            m.packet("Q")
            m.sock.shutdown(socket.SHUT_WR)
        except (Closed, OSError):
            pass
        assert m.closed()


def test_no_connect_step(victim):
    with Milter(victim.sock) as m:
        try:
            reply = m.mail("x@good.example")
            assert not reply.go_on
        except Closed:
            pass


@pytest.mark.parametrize("steps,actions", [
    (0, 0x1ff), (0x7f, 0x3f), (milterclient.STEPS, 0x11),
    (milterclient.HDR_LEADSPC, 0x1ff), (milterclient.NR_HDR, 0x1ff)])
def test_mtas_that_offer_less(victim, steps, actions):
    """Without the no-reply flags each step is answered."""
    with Milter(victim.sock, protocol=steps, actions=actions) as m:
        assert m.connect(HOST).go_on
        assert m.helo().go_on
        out = m.deliver(mail("x@good.example"))
        assert out.accepted, out
        name, value = out.fields[0]
        assert name == b"Authentication-Results"
        assert value.lstrip().startswith(b"mx.example.org")
        m.quit()


def test_mta_that_lets_nothing_change(victim):
    with Milter(victim.sock, negotiate=False) as m:
        m.packet("O", struct.pack(">III", 6, 0, milterclient.STEPS))
        try:
            assert m.read()[0] != "O"
        except Closed:
            pass


def test_peer_that_never_reads(victim):
    """Its replies pile up; others are served."""
    m = in_session(victim.sock)
    try:
        m.sock.settimeout(1)
        packet = struct.pack(">I", 17) + b"M<x@good.example>\0"[:17]
        m.raw(packet * 20000)
    except (Closed, OSError):
        pass
    assert victim.submit(mail("x@good.example"), client=HOST).accepted
    m.close()


def test_idle_and_half_open_peers(victim):
    peers = [Milter(victim.sock, negotiate=bool(i % 2)) for i in range(40)]
    for i, m in enumerate(peers):
        if i % 3:
            m.raw(b"\0\0")
    assert victim.submit(mail("x@good.example"), client=HOST).accepted
    for m in peers:
        m.close()


# Says how many bytes of an answer to the negotiation came.
NEGOTIATE = """import socket, struct, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(20); s.connect(sys.argv[1])
try:
    s.sendall(struct.pack(">IcIII", 13, b"O", 6, 0x1ff, 0x1fffff))
    print(len(s.recv(100)))
except ConnectionError:
    print(0)
"""


@pytest.mark.root
@pytest.mark.parametrize("who,served", [("bin", False), ("nobody", True)])
def test_users_that_may_connect(start, who, served):
    """Root and postern's own user always may; others when they are named."""
    p = start(extra='socket-users = {"%s"}\n' % who)
    nobody = pwd.getpwnam("nobody")
    got = subprocess.run(
        [sys.executable, "-I", "-c", NEGOTIATE, p.sock], check=True,
        stdout=subprocess.PIPE, user=nobody.pw_uid, group=nobody.pw_gid,
        extra_groups=[], cwd="/").stdout
    assert (int(got) > 0) == served
    assert p.submit(mail("x@good.example"), client=HOST).accepted


@pytest.mark.parametrize("peer,served", [("192.0.2.1", False),
                                         ("127.0.0.0/8", True)])
def test_addresses_that_may_connect(start, peer, served):
    port = free_port()
    p = start(listen=("127.0.0.1", port), extra='socket-peers = {"%s"}\n'
              'socket = "inet:127.0.0.1:%d"\n' % (peer, port))
    if served:
        assert p.submit(mail("x@good.example"), client=HOST).accepted
    else:
        with pytest.raises(Closed):
            Milter(p.sock)


# -- sizes

@pytest.mark.parametrize("size", [998, 60000, 65536, 1000000])
def test_long_headers(victim, size):
    raw = mail("x@good.example", head="X-Long: " + "a" * size + "\r\n")
    out = victim.submit(raw, client=HOST)
    assert out.accepted, out
    assert ("X-Long: " + "a" * size).encode() in out.message()


def test_header_past_the_packet_limit(victim):
    with in_session(victim.sock) as m:
        m.mail("x@good.example")
        m.rcpt("user@example.org")
        try:
            m.packet("L", b"X-Long\0" + b"a" * (2 << 20) + b"\0")
            m.sock.shutdown(socket.SHUT_WR)
        except (Closed, OSError):
            pass
        assert m.closed()


def test_too_many_headers(victim):
    raw = mail("x@good.example", head="X-Many: x\r\n" * 6000)
    out = victim.submit(raw, client=HOST)
    assert (out.word, out.final.code, out.final.enhanced) == \
        ("reject", 552, "5.3.4"), out
    raw = mail("x@good.example", head=("X-Big: " + "a" * 50000 + "\r\n") * 90)
    out = victim.submit(raw, client=HOST)
    assert (out.word, out.final.code) == ("reject", 552), out


def test_ten_thousand_recipients(victim):
    out = victim.submit(mail("x@good.example"), client=HOST,
                        rcpts=["u%d@example.org" % i for i in range(10000)],
                        queue_id="4Many")
    assert out.accepted, out
    assert victim.line("4Many")["nrcpt"] == "10000"


@pytest.mark.parametrize("body", [b"", b"x" * (25 << 20)],
                         ids=["nothing", "25 MiB in one line"])
def test_bodies_in_and_out(victim, world, body):
    out = victim.submit(mail("x@good.example", body="") + body, client=HOST)
    assert out.accepted, out
    out = victim.submit(mail("b@example.org", body="") + body, login="b",
                        sender="b@example.org")
    assert out.accepted, out
    assert [s[3] for s in world.verify(out.message())] == [True]


def test_message_size_limit(start):
    p = start(extra="message-size = 100K\n")
    out = p.submit(mail("x@good.example") + b"x" * 200000, client=HOST)
    assert (out.word, out.final.code, out.final.enhanced) == \
        ("reject", 552, "5.3.4"), out
    # A DSN is never refused.
    out = p.submit(mail("x@good.example") + b"x" * 200000, port=0,
                   client="127.0.0.1", sender="")
    assert out.accepted, out


def test_memory_limit_is_temporary(start):
    p = start(extra="memory = 6M\nmessage-size = 4M\n")
    with in_session(p.sock) as m:
        m.mail("x@good.example")
        m.rcpt("user@example.org")
        m.data()
        m.header("From", " x@good.example")
        m.eoh()
        for _ in range(55):
            m.body(b"x" * 65000)

        def full():
            out = p.submit(mail("x@good.example") + b"x" * 3500000,
                           client=HOST)
            return (out.word, out.final.code, out.final.enhanced) == \
                ("tempfail", 451, "4.3.1")
        wait_for("451", full)
    wait_for("room again", lambda: p.submit(
        mail("x@good.example") + b"x" * 3500000, client=HOST).accepted)


# -- contents

NASTY = {
    "8-bit": "Subject: gr\u00fc\u00df \udcff\udcfe\r\n",
    "control": "Subject: a\x01\x07\x1b[31m\x7f\r\n",
    "bidi": "Subject: \u202eevil\u2066\r\n",
    "percent": "Subject: %s%n%d 100%\r\n",
    "no colon": "this has no colon\r\n",
    "blank name": " : x\r\n",
    "blank before colon": "Subject : x\r\n",
    "odd name": "S\u00fcbject: x\r\n", "empty value": "Subject:\r\n",
    "blank folds": "Subject: a\r\n \r\n \r\n b\r\n",
    "signature of nothing": "DKIM-Signature:\r\n",
    "signature of garbage": "DKIM-Signature: v=1; d=; s=; b=\u00e9; h=\r\n",
    "d= with slashes": "DKIM-Signature: v=1; a=rsa-sha256; d=../../etc; "
                       "s=x/../y; h=from; bh=YQ==; b=YQ==\r\n",
    "no name in results": "Authentication-Results:\r\n",
    "open comment": "Authentication-Results: (((((\r\n",
    "deep comments": "Authentication-Results: " + "(" * 20000 + "\r\n",
    "open quote": "Authentication-Results: \"mx\r\n",
}


@pytest.mark.parametrize("name", NASTY)
@pytest.mark.parametrize("how", [{}, {"login": "bob"}], ids=["in", "out"])
def test_nasty_fields(victim, name, how):
    author = "b@example.org" if how else "x@good.example"
    raw = mail(author, head=NASTY[name])
    out = victim.submit(raw, client=HOST, sender=author, **how)
    assert out.accepted, out
    if how:
        assert len(out.all("DKIM-Signature")) >= 1


def test_field_without_a_name(victim):
    """No MTA sends one; libmilter ends the session."""
    with pytest.raises(Closed):
        victim.submit(mail("x@good.example", head=": x\r\n"), client=HOST)


AUTHORS = [
    "@", "<>", "<", ">", "\"", "(", "x@", "@x", "x@y@good.example",
    "x@good.example" + "," * 5000, "a@b.example, " * 500, "(" * 50000,
    "\"" + "\\" * 5000, "x@" + "a" * 64 + ".example",
    "x@" + "a." * 200 + "example", "x@[192.0.2.1]", "x@[IPv6:::1]",
    "x@\u00ad\u200b.example", "x@xn--a.example", "x@xn--\u00fc.example",
    "x@good\u3002example", "x@good.example\u0000", "group:;", ":;" * 500,
    "x@-a-.example", "x@a..example", "x@.example", "x@example.",
]


@pytest.mark.parametrize("author", AUTHORS, ids=range(len(AUTHORS)))
def test_nasty_authors(victim, author):
    for how in ({}, {"login": "bob"}):
        out = victim.submit(mail(author.replace("\0", "")), client=HOST,
                            sender="x@evil.example", **how)
        assert out.accepted or out.final.code in (451, 550), out
        if how:
            assert out.all("DKIM-Signature") == []


ADDRESSES = [
    b"", b"@", b"x", b"x@", b"@good.example", b"a@b@c", b"x@" + b"a" * 2000,
    b"\"a\\\"b\"@good.example", b"\xff\xfe@good.example", b"x@\xff.example",
    b"a b@good.example", b"<x@good.example>", b"x@good.example> SIZE=1",
    b"%s%n@good.example", b"x@[192.0.2.10]", b"x@good.example.", b"\r\nX: y",
    b"x\r\nqid=forged@good.example", b"x@" + b"%" * 200, b"(c)x@good.example",
]


@pytest.mark.parametrize("address", ADDRESSES, ids=range(len(ADDRESSES)))
def test_nasty_envelopes(victim, address):
    for sender, rcpt in ((address, b"user@example.org"),
                         (b"x@good.example", address)):
        out = victim.submit(mail("x@good.example"), client=HOST,
                            sender=sender, rcpts=(rcpt,), queue_id="4Env")
        assert out.word in ("accept", "reject"), out
        if out.word == "reject":
            assert out.final.code in (550, 553), out
    assert "\nqid=forged" not in victim.log()


@pytest.mark.parametrize("helo", [
    "", ".", "[192.0.2.10]", "a" * 5000, "\u00fc.example", "a\r\nb", "%s",
    "x;dmarc=pass", "\"", "(", "-", "localhost"])
def test_nasty_helo(victim, helo):
    out = victim.submit(mail("x@good.example"), client=HOST, helo=helo)
    assert out.accepted, out
    assert authres.one(authres.of(out), "dmarc").result == "pass"


def test_null_in_the_body(victim):
    raw = mail("x@good.example") + bytes(range(256)) * 10
    out = victim.submit(raw, client=HOST)
    assert out.accepted and out.message().endswith(bytes(range(256)))


# -- many at once, and signals

@pytest.mark.slow
def test_five_hundred_at_once(victim):
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < 1200:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    peers = [in_session(victim.sock, timeout=120) for _ in range(500)]
    for m in peers:
        assert m.mail("x@good.example").go_on
    for m in peers:
        assert m.rcpt("user@example.org").go_on
    msg = milterclient.Message(mail("x@good.example"))
    for m in peers:
        m.data()
        for name, value in msg.fields:
            m.header(name, value)
        m.eoh()
        m.send_macros("eom", "E")
        m.packet("E")           # all wait for their end at the same time
    for m in peers:
        out = milterclient.Outcome(msg.fields, b"", "", [])
        assert m.answer(out).word in ("continue", "accept")
        assert out.edits
        m.close()


def test_more_sessions_than_allowed(start):
    p = start(extra="sessions = 5\nworkers = 2\n")
    held = [in_session(p.sock) for _ in range(5)]
    with in_session(p.sock) as m:
        reply = m.mail("x@good.example")
        assert (reply.code, reply.enhanced) == (451, "4.3.2")
    for m in held:
        m.quit()
    wait_for("room again", lambda: p.submit(mail("x@good.example"),
                                            client=HOST).accepted)


def test_term_in_the_middle_of_a_message(start):
    """It is served to its end, with all its edits."""
    p = start()
    m = in_session(p.sock)
    msg = milterclient.Message(mail("x@good.example"))
    m.mail("x@good.example")
    m.rcpt("user@example.org")
    p.signal(signal.SIGTERM)
    wait_for("the log to say so", lambda: "stopping" in p.log())
    out = milterclient.Outcome(msg.fields, b"", "", [])
    m.data("4Drain")
    for name, value in msg.fields:
        m.header(name, value)
    m.eoh()
    out.final = m.eom(out)
    assert out.accepted
    assert authres.one(authres.of(out.apply()), "dmarc").result == "pass"
    m.quit()
    assert p.proc.wait(10) == 0
    assert p.line("4Drain")["verdict"] == "accept"
    p.stop()


def test_term_with_idle_sessions_ends(start):
    p = start()
    peers = [in_session(p.sock) for _ in range(5)]
    p.signal(signal.SIGTERM)
    assert p.proc.wait(10) == 0
    for m in peers:
        m.close()
    p.stop()


def test_grace_is_over(start):
    """Who never ends his message is left; his sender tries again."""
    p = start(extra="grace = 1s\n")
    m = in_session(p.sock)
    m.mail("x@good.example")
    p.signal(signal.SIGTERM)
    assert p.proc.wait(10) == 0
    assert "grace time is over" in p.log()
    m.close()
    p.stop()


def forged(p):
    return p.submit(mail("x@good.example"), client=STRANGER,
                    sender="x@evil.example").word


def test_reload(start):
    p = start(extra="")
    with open(p.extra, "w") as f:
        f.write("dmarc = monitor\n")
    old = in_session(p.sock)
    p.reload("is in force for new connections")
    assert forged(p) == "accept"
    # A session keeps the configuration that it began with.
    with old as m:
        out = m.deliver(mail("x@good.example"), "x@evil.example")
        assert out.word in ("accept", "reject")
    with open(p.extra, "w") as f:
        f.write("dmarc = monitor\n\nbogus = yes\n")
    p.reload("the old configuration stays in force")
    assert "extra.conf:3: " in p.log()
    assert forged(p) == "accept"
    with open(p.extra, "w") as f:
        f.write("")
    p.reload("is in force for new connections")
    assert forged(p) == "reject"


def test_reload_while_it_starts(start):
    """libmilter takes HUP for an end; it must never see one."""
    for _ in range(3):
        p = start()
        for _ in range(20):
            p.signal(signal.SIGHUP)
            time.sleep(0.001)
        p.reload("is in force for new connections")
        assert forged(p) == "reject"


def test_reload_under_load(start):
    p = start(extra="")
    done = threading.Event()
    words = []

    def sender():
        while not done.is_set():
            words.append(forged(p))

    threads = [threading.Thread(target=sender) for _ in range(4)]
    for t in threads:
        t.start()
    for i in range(20):
        with open(p.extra + ".new", "w") as f:
            f.write("dmarc = %s\n" % ("monitor" if i % 2 else "enforce"))
        os.rename(p.extra + ".new", p.extra)
        p.signal(signal.SIGHUP)
        time.sleep(0.05)
    done.set()
    for t in threads:
        t.join()
    assert set(words) <= {"accept", "reject"} and p.alive()


def test_stdout_that_cannot_be_written(folder, world):
    """A log on a full disk stops no mail."""
    from tools import TOP, stop
    env = dict(os.environ, RUN=folder + "/p", DNS=world.dns.address)
    with open("/dev/full", "wb") as full:
        proc = subprocess.Popen([TOP + "/tests/run-postern"], env=env,
                                stdout=full, stderr=full)
    try:
        sock = folder + "/p/milter.sock"
        wait_for("postern", lambda: accepts(sock))
        for _ in range(3):
            out = milterclient.submit(sock, mail("x@good.example"))
            assert out.accepted, out
    finally:
        assert stop(proc) == 0


# -- DNS

@pytest.fixture
def odd(folder):
    d = odddns.OddDns(folder)
    yield d
    d.close()


QUICK = "dns-timeout = 500ms\ndns-budget = 4s\n"
REJECTS = {"_dmarc.a.example": {"TXT": ["v=DMARC1; p=reject"]}}
SPF = {"a.example": {"TXT": ["v=spf1 ip4:%s -all" % HOST]}}


def zone(*parts, **names):
    out = {}
    for part in parts:
        out.update(part)
    out.update({k.replace("__", "."): v for k, v in names.items()})
    return out


TROUBLE = ["drop", "servfail", "refuse", "garbage", "wrongid"]


@pytest.mark.parametrize("how", TROUBLE)
def test_dns_trouble_with_the_policy(start, odd, how):
    """The policy cannot be had: 451, never a pass and never a refusal."""
    odd.set(zone(SPF, {"_dmarc.a.example": {"TXT": {
        how: True, "data": ["v=DMARC1; p=reject"]}}}))
    p = start(DNS=odd.address, extra=QUICK)
    out = p.submit(mail("x@a.example"), client=STRANGER,
                   sender="x@evil.example")
    assert (out.word, out.final.code) == ("tempfail", 451), out
    # Once DNS is well again (a failure may be remembered for a moment).
    odd.set(zone(SPF, REJECTS))
    wait_for("the refusal", lambda: p.submit(
        mail("x@a.example"), client=STRANGER,
        sender="x@evil.example").word == "reject", 30, 0.5)


@pytest.mark.parametrize("how", TROUBLE)
def test_dns_trouble_with_spf(start, odd, how):
    odd.set({"a.example": {"TXT": {how: True, "data": ["v=spf1 -all"]}}})
    p = start(DNS=odd.address, extra=QUICK)
    out = p.submit(mail("x@b.example"), client=STRANGER,
                   sender="x@a.example")
    assert out.accepted, out
    spf = [r for r in authres.of(out) if r.method == "spf"][0]
    assert spf.result == "temperror"


def test_dead_names_do_not_spoil_good_ones(start, odd):
    """The trap of one forwarder: names that never answer mark it as down."""
    dead = {"dead%d.example" % i: {"*": {"drop": True}} for i in range(8)}
    dead.update({"_dmarc." + n: {"*": {"drop": True}} for n in list(dead)})
    odd.set(zone(SPF, REJECTS, dead))
    p = start(DNS=odd.address, extra=QUICK)
    for i in range(8):
        p.submit(mail("x@dead%d.example" % i), client=STRANGER,
                 sender="x@dead%d.example" % i)
    out = p.submit(mail("x@a.example"), client=HOST, sender="x@a.example")
    assert out.accepted, out
    assert authres.one(authres.of(out), "dmarc").result == "pass"


def test_answers_cut_for_udp(start, odd):
    odd.set(zone(REJECTS, {"a.example": {"TXT": {
        "truncate": True, "data": ["v=spf1 ip4:%s -all" % HOST]}}}))
    p = start(DNS=odd.address, extra=QUICK)
    out = p.submit(mail("x@a.example"), client=HOST, sender="x@a.example")
    assert authres.one(authres.of(out), "dmarc").result == "pass"
    assert any(q.startswith("tcp a.example") for q in odd.queries())


def test_lies_are_not_believed(start, odd):
    """Records of another name than asked for."""
    odd.set({"a.example": {"TXT": {"lie": True, "data": ["v=spf1 +all"]}},
             "_dmarc.a.example": {"TXT": ["v=DMARC1; p=reject"]}})
    p = start(DNS=odd.address, extra=QUICK)
    out = p.submit(mail("x@a.example"), client=STRANGER,
                   sender="x@a.example")
    assert out.word in ("tempfail", "reject"), out


def test_loops(start, odd):
    odd.set({
        "a.example": {"CNAME": ["b.example"]},
        "b.example": {"CNAME": ["a.example"]},
        "_dmarc.a.example": {"CNAME": ["_dmarc.a.example"]},
        "c.example": {"TXT": ["v=spf1 include:d.example -all"]},
        "d.example": {"TXT": ["v=spf1 include:c.example -all"]},
        "e.example": {"TXT": ["v=spf1 redirect=e.example"]}})
    p = start(DNS=odd.address, extra=QUICK)
    results = {}
    for name in ("a", "c", "e"):
        out = p.submit(mail("x@f.example"), client=STRANGER,
                       sender="x@%s.example" % name)
        assert out.accepted, out
        results[name] = [r.result for r in authres.of(out)
                         if r.method == "spf"][0]
    assert results["c"] == results["e"] == "permerror"
    assert results["a"] in ("temperror", "permerror", "none")
    out = p.submit(mail("x@a.example"), client=STRANGER,
                   sender="x@f.example")
    assert out.accepted or out.word == "tempfail", out


@pytest.mark.parametrize("text", [
    "v=DMARC1", "v=DMARC1; p=", "v=DMARC1; p=reject; p=none", "v=DMARC1;" * 99,
    "v=DMARC1; p=reject; rua=" + "x" * 3000, "p=reject; v=DMARC1",
    "v=DMARC1; p=re\\ject", "\x01\x02", "v=DMARC1; pct=-1; p=quarantine",
    "v=spf1 " + "a " * 200, "v=spf1 exists:%{i}%{%{", "v=spf1 ip4:1.2.3.4/99",
    "v=spf1 redirect=" + "a" * 500, "v=spf1 ?all \u00fc",
], ids=range(14))
def test_odd_records(start, odd, text):
    odd.set({"a.example": {"TXT": [text]},
             "_dmarc.a.example": {"TXT": [text]},
             "s._domainkey.a.example": {"TXT": [text]}})
    p = start(DNS=odd.address, extra=QUICK)
    sig = ("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; "
           "d=a.example; s=s; h=from; bh=%s; b=YWJj\r\n" % ("A" * 43 + "="))
    out = p.submit(sig.encode() + mail("x@a.example"), client=STRANGER,
                   sender="x@a.example")
    assert out.accepted or out.final.code in (451, 550), out


def test_one_question_for_many_messages(start, odd):
    """No stampede: what many ask at once goes out once."""
    odd.set(zone(REJECTS, {"a.example": {"TXT": {
        "delay": 0.3, "ttl": 60, "data": ["v=spf1 ip4:%s -all" % HOST]}}}),
        negative_ttl=60)
    p = start(DNS=odd.address)
    peers = [in_session(p.sock) for _ in range(20)]
    outs = []

    def one(m):
        outs.append(m.deliver(mail("x@a.example"), "x@a.example"))
        m.quit()

    threads = [threading.Thread(target=one, args=(m,)) for m in peers]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert all(o.accepted for o in outs) and len(outs) == 20
    assert odd.queries().count("udp a.example. TXT") <= 2


def test_ttl_of_zero_is_honoured(start, odd):
    odd.set(zone(SPF, REJECTS), ttl=0)
    p = start(DNS=odd.address)
    how = dict(client=HOST, sender="x@a.example")
    assert p.submit(mail("x@a.example"), **how).accepted
    odd.set(zone(REJECTS, {"a.example": {"TXT": ["v=spf1 -all"]}}), ttl=0)
    assert p.submit(mail("x@a.example"), **how).word == "reject"


@pytest.mark.parametrize("domain", ["a.test", "b.invalid", "c.example"])
def test_special_names_are_asked(start, odd, domain):
    odd.set({domain: {"TXT": ["v=spf1 ptr:%s -all" % domain]},
             "10.2.0.192.in-addr.arpa": {"PTR": ["mx." + domain]},
             "mx." + domain: {"A": [HOST]}})
    p = start(DNS=odd.address)
    out = p.submit(mail("x@b.example"), client=HOST, sender="x@" + domain)
    spf = [r for r in authres.of(out) if r.method == "spf"][0]
    assert spf.result == "pass", out.fields[0]


def test_no_dns_at_all(start):
    p = start(DNS="127.0.0.1@%d" % free_port(), extra=QUICK)
    out = p.submit(mail("x@good.example"), client=HOST)
    assert (out.word, out.final.code) == ("tempfail", 451), out
    # What asks for nothing goes on.
    out = p.submit(mail(None), client=HOST, sender="")
    assert out.accepted, out
