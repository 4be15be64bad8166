# SPDX-License-Identifier: BSD-2-Clause
"""What a sender, a full host or an unlucky moment could use to get round a
check, to hide from the log, or to have mail put off that must not be."""
import os
import signal
import socket
import sys
import time

import pytest

import milterclient
import odddns
from daemon import Daemon
from milterclient import Milter
from tools import free_port, wait_for
from world import HOST, STRANGER, mail


@pytest.fixture
def odd(folder):
    d = odddns.OddDns(folder)
    yield d
    d.close()


def in_session(address):
    m = Milter(address)
    m.connect(HOST)
    m.helo()
    return m


# -- signals and sockets

def test_two_signals_at_once(start):
    """libmilter's own thread must not get the second: it would just stop."""
    for _ in range(5):
        p = start(extra="")
        m = in_session(p.sock)
        assert m.mail("x@good.example").go_on
        pid = p.pid
        os.kill(pid, signal.SIGHUP)
        os.kill(pid, signal.SIGTERM)
        wait_for("the drain", lambda: "stopping" in p.log())
        assert m.rcpt("user@example.org").go_on
        m.quit()
        p.stop()


def test_the_nudge_is_no_stranger(folder, world, monkeypatch):
    """socket-peers need not name the host itself."""
    here, peer = ("127.0.0.1", free_port()), "127.0.0.9"
    connect = socket.socket.connect

    def as_peer(s, address):
        if address == here:
            s.bind((peer, 0))
        return connect(s, address)

    monkeypatch.setattr(socket.socket, "connect", as_peer)
    d = Daemon(folder + "/d", 'socket = "inet:%s:%d"\nsocket-peers = {"%s"}\n'
               % (*here, peer), dns=world.dns.address, sock=here)
    m = in_session(here)
    time.sleep(0.5)
    assert m.deliver(mail("x@good.example")).accepted
    assert "refused a connection" not in d.log()
    monkeypatch.undo()
    with socket.create_connection(here, timeout=10) as s:
        assert s.recv(1) == b""
    wait_for("the log", lambda: "refused a connection from 127.0.0.1" in
             d.log())
    m.quit()
    d.stop()


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_drain_leaves_systemds_queue_alone(folder, world):
    """A nudge there would start the service again."""
    path = folder + "/activated"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen(50)
        d = Daemon(folder + "/d", dns=world.dns.address, sock=path,
                   pass_fds=[s.fileno()], before=[
                       sys.executable, "-c", ACTIVATE, str(s.fileno())])
        m = in_session(path)
        assert m.mail("x@good.example").go_on
        d.signal(signal.SIGTERM)
        wait_for("the drain", lambda: "stopping" in d.log())
        time.sleep(0.5)
        m.quit()
        d.stop()
        s.setblocking(False)
        with pytest.raises(BlockingIOError):
            s.accept()


# -- class local is never put off

def test_overload_does_not_put_off_local_mail(start):
    """A DSN that is not taken goes round in Postfix's queue."""
    p = start(extra="sessions = 1\nworkers = 1\n")
    held = in_session(p.sock)
    out = p.submit(mail("x@good.example"), client=HOST)
    assert (out.final.code, out.final.enhanced) == (451, "4.3.2")
    out = p.submit(mail("MAILER-DAEMON@example.org"), client="127.0.0.1",
                   port=0, sender="")
    assert out.accepted, out
    held.quit()


def test_strangers_dns_does_not_hold_up_our_mail(start, odd):
    """Our own mail has places of its own at the gate."""
    odd.set({"dead.example": {"*": {"drop": True}}})
    p = start(DNS=odd.address, extra="workers = 1\nworker-wait = 1s\n"
              "dns-timeout = 3s\ndns-budget = 3s\n")
    m = in_session(p.sock)
    m.mail("x@dead.example")
    m.rcpt("user@example.org")
    m.data()
    m.header("From", " x@dead.example")
    m.eoh()
    m.packet("E")
    time.sleep(0.2)
    assert p.submit(mail("x@good.example"), client=HOST).final.code == 451
    out = p.submit(mail("b@example.org"), sender="b@example.org", login="b")
    assert out.accepted, out
    assert m.answer(milterclient.Outcome([], b"", "", [])).go_on
    m.close()


@pytest.mark.parametrize("how", [
    dict(client="127.0.0.1", port=0), dict(client=STRANGER)],
    ids=["local", "relay"])
def test_long_addresses_where_nothing_is_refused(start, how):
    p = start(extra='relay-networks = {"%s"}\n' % STRANGER)
    long = "a" * 1100 + "@good.example"
    out = p.submit(mail("x@good.example"), sender=long, rcpts=(long,), **how)
    assert out.accepted, out
    out = p.submit(mail("x@good.example"), sender=long, client=HOST)
    assert (out.final.code, out.final.enhanced) == (553, "5.1.7")


# -- ways round DMARC

FORGED_SIGNATURE = (
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=bank.example;\r\n"
    " s=none; h=from; bh=frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY=;\r\n"
    " b=" + "A" * 340 + "\r\n")


def test_slow_spf_does_not_shield_a_forgery(start, odd):
    """The sender spends the budget; the forged domain still answers."""
    slow = {"i%d.slow.example" % i: {"TXT": {"data": ["v=spf1 -all"],
                                             "delay": 0.25}}
            for i in range(9)}
    record = "v=spf1 %s -all" % " ".join("include:" + n for n in slow)
    odd.set(dict(slow, **{
        "slow.example": {"TXT": [record]},
        "_dmarc.bank.example": {"TXT": ["v=DMARC1; p=reject"]}}))
    p = start(DNS=odd.address, extra="dns-timeout = 600ms\n"
              "dns-budget = 600ms\n")
    out = p.submit(mail("x@bank.example", head=FORGED_SIGNATURE),
                   client=STRANGER, sender="x@slow.example",
                   helo="slow.example")
    assert (out.final.code, out.final.enhanced) == (550, "5.7.26"), out


def test_more_authors_than_can_be_checked(enforcing, monitoring):
    """The one past the limit could be anybody."""
    many = ", ".join("x@a%d.plain.example" % i for i in range(8))
    raw = mail([many, "y@good.example"])
    for p, word in ((enforcing, "reject"), (monitoring, "accept")):
        out = p.submit(raw, client=STRANGER, sender="x@plain.example")
        assert out.word == word, out
    assert enforcing.submit(raw, client=STRANGER,
                            rcpts=("abuse@example.org",)).accepted


def test_patience_with_spf_is_its_own(start, odd):
    """An answer about DMARC does not begin SPF's row of errors anew."""
    odd.set({"a.example": {"TXT": {"servfail": True}}})
    p = start(DNS=odd.address,
              extra="spf-fail = reject\ndmarc-tempfail = 1s\n")

    def word():
        return p.submit(mail("x@a.example"), client=HOST,
                        sender="x@a.example").word

    assert word() == "tempfail"
    time.sleep(0.5)
    assert word() == "tempfail"
    time.sleep(0.7)
    assert word() == "accept"


# -- monitor changes nothing, and says what enforce would do

def test_monitor_splits_nobody(monitoring):
    out = monitoring.submit(mail("x@good.example"), client=HOST, rcpts=(
        "user@example.org", "postmaster@example.org"))
    assert [r.code for r in out.rcpt_replies] == [250, 250]


def test_monitor_knows_the_overrides(monitoring):
    out = monitoring.submit(mail("x@good.example"), client=STRANGER,
                            rcpts=("abuse@example.org",), queue_id="4Over")
    assert out.accepted
    line = monitoring.line("4Over")
    assert (line["dmarc-action"], line["dmarc-override"]) == \
        ("overridden", "postmaster or abuse")


# -- the log

def test_no_sender_can_fill_the_line(monitoring):
    quotes = '"' * 600
    out = monitoring.submit(
        mail("x@good.example"), client=STRANGER, name=quotes, helo=quotes,
        sender=quotes + "@evil.example", rcpts=(quotes + "@example.org",),
        queue_id="4Full")
    assert out.accepted
    assert monitoring.line("4Full")["dmarc-action"] == "would-reject"


def test_line_of_a_refused_recipient_names_it(start):
    p = start()
    p.submit(mail("x@good.example"), client=HOST, rcpts=(
        "user@example.org", "abuse@example.org"))
    refused = [x for x in p.lines() if x["verdict"] == "tempfail"]
    assert [x["rcpt"] for x in refused] == ["abuse@example.org"]


def test_thousands_of_forged_results(start):
    """Each goes, from the last to the first."""
    p = start()
    head = ("Authentication-Results: mx.example.org; dmarc=pass\r\n"
            "X-Postern-Quarantine: x\r\n") * 300
    out = p.submit(mail("x@good.example", head=head + "X-Kept: 1\r\n"),
                   client=HOST)
    assert out.accepted
    assert len(out.all("Authentication-Results")) == 1
    assert out.all("X-Postern-Quarantine") == []
    assert [v.strip() for v in out.all("X-Kept")] == ["1"]
    assert milterclient.Message.join(out.fields, b"").count(b"\r\n") == \
        len(out.fields) + out.fields[0][1].count(b"\n") + 1
