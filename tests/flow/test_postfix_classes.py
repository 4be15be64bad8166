# SPDX-License-Identifier: BSD-2-Clause
"""Through a real Postfix: what it tells about its clients, and the answers of
each class of mail."""
import os
import signal

import pytest

import authres
from daemon import Daemon
from milterclient import Message, Outcome
from world import HOST, STRANGER, mail

pytestmark = pytest.mark.root

EXTRA = '''spf-fail = reject
relay-networks = {"203.0.113.0/24"}
outbound-daemons = {"SUBMISSION"}
message-size = 100K
sign-timeout = 500ms
dmarc-quarantine = hold
domain "example.com" { dmarc = monitor }
'''


@pytest.fixture(scope="module")
def gate(world, scratch):
    import postern
    p = postern.Postern(scratch + "/classes", extra=EXTRA, KEYS=world.keys,
                        DNS=world.dns.address)
    yield p
    p.stop()


@pytest.fixture(scope="module")
def mx(gate):
    import postfix
    p = postfix.Postfix(gate.sock, settings="relay_domains = example.org, "
                        "example.com\n")
    yield p.start()
    p.close()


def results(raw):
    msg = Message(raw)
    return authres.of(Outcome(msg.fields, msg.body, "", []))


@pytest.mark.parametrize("name, result", [
    ("client.example", "pass"), ("[UNAVAILABLE]", "permerror"),
    ("[TEMPUNAVAIL]", "temperror")])
def test_iprev(mx, name, result):
    subject = "iprev " + result
    with mx.client(HOST, name=name) as c:
        code, text = c.say(mail("x@good.example", subject),
                           "x@good.example", ["user@example.org"])
    assert code == 250, text
    iprev = authres.one(results(mx.sink.wait(subject).raw), "iprev")
    assert (iprev.result, iprev["policy.iprev"]) == (result, HOST)


def test_spf_fail_is_refused(mx):
    with mx.client(STRANGER) as c:
        code, text = c.say(mail("x@none.example"), "x@none.example",
                           ["user@example.org"])
    assert (code, text[:6]) == (550, "5.7.23")


def test_relay_is_never_refused_nor_signed(mx, gate):
    with mx.client("203.0.113.5") as c:
        code, text = c.say(mail("x@example.org", "from a list"),
                           "x@good.example", ["user@example.org"])
    assert code == 250, text
    got = mx.sink.wait("from a list").raw
    assert authres.one(results(got), "dmarc").result == "fail"
    assert b"DKIM-Signature" not in got
    assert gate.lines()[-1]["class"] == "relay"


def test_other_policy_is_asked_to_come_separately(mx):
    with mx.client(HOST) as c:
        c.mail("x@evil.example")
        assert c.rcpt("u@example.org")[0] == 250
        code, text = c.rcpt("u@example.com")
        assert (code, text[:5]) == (452, b"4.5.3")
        assert c.rcpt("v@example.org")[0] == 250
        code, text = c.data(mail("x@good.example"))
        assert (code, text[:6]) == (550, b"5.7.26")
        # And then it may come.
        code, text = c.say(mail("x@good.example", "separately"),
                           "x@evil.example", ["u@example.com"])
        assert code == 250, text
    assert mx.sink.wait("separately").rcpts == ["u@example.com"]


def test_service_by_its_name(mx, world, gate):
    """outbound-daemons: SUBMISSION without a login."""
    import smtp
    with smtp.Client(mx.subport) as c:
        code, text = c.say(mail("bob@example.org", "by name"),
                           "bob@example.org", ["user@example.org"])
    assert code == 250, text
    got = mx.sink.wait("by name").raw
    assert [s[3] for s in world.verify(got)] == [True]
    line = gate.lines()[-1]
    assert line["class"] == "outbound" and "login" not in line


def test_hold_says_why(mx, gate):
    with mx.client(HOST) as c:
        code, text = c.say(mail("x@quar.example", "to be held"),
                           "x@good.example", ["user@example.org"])
    assert code == 250, text
    line = gate.lines()[-1]
    assert (line["verdict"], line["dmarc-action"]) == ("hold", "hold")
    assert "quarantine" in line["why"]
    held = [q for q in mx.queue() if q["queue_name"] == "hold"]
    assert [q["queue_id"] for q in held] == [line["qid"]]
    # Followed by our reason from Postfix 3.10 on, by its own words before.
    assert "milter-hold: END-OF-MESSAGE" in mx.log()


def test_too_large_for_others_but_not_for_the_host_itself(mx):
    body = "x" * 60 + "\r\n"
    with mx.client(HOST) as c:
        code, text = c.say(mail("x@good.example", body=body * 2500),
                           "x@good.example", ["user@example.org"])
        assert (code, text[:5]) == (552, "5.3.4")
    code, text = mx.sendmail(mail("bob@example.org", "large local",
                                  body * 2500), "-f", "bob@example.org",
                             "user@example.org")
    assert code == 0
    assert len(mx.sink.wait("large local").raw) > 100000


def test_dsn_leaves_without_the_signer(mx, gate):
    """Local mail is never refused: a refused bounce would loop."""
    mx.sink.refuse = "nobodyhere"
    with mx.submission() as c:
        code, text = c.say(mail("bob@example.org", "to nobody"),
                           "bob@example.org", ["nobodyhere@far.example"])
        assert code == 250
        os.kill(gate.sign_pid, signal.SIGSTOP)
    try:
        got = mx.sink.wait("Undelivered Mail", 60).raw
    finally:
        os.kill(gate.sign_pid, signal.SIGCONT)
    assert b"to nobody" in got
    line = [x for x in gate.lines() if x["class"] == "local"][-1]
    signed = b"DKIM-Signature" in got.split(b"\r\n\r\n")[0]
    assert line["sign"] == ("signed" if signed else "unsigned")
    assert line["verdict"] == "accept"


def test_postfix_is_who_may_connect(world, folder, begin_postfix):
    """The default of socket-users fits Postfix's processes."""
    import postern
    d = Daemon(folder + "/d", 'socket-group = "postfix"\n'
               'socket-users = {"postfix"}\nuser = "nobody"\n',
               dns=world.dns.address)
    try:
        mx = begin_postfix(d.sock)
        with mx.client(HOST) as c:
            code, text = c.say(mail("x@good.example", "by postfix"),
                               "x@good.example", ["user@example.org"])
        assert code == 250, text + d.log()
        mx.sink.wait("by postfix")
        mx.sendmail(mail("x@good.example", "by cleanup"), "-f",
                    "x@good.example", "user@example.org")
        mx.sink.wait("by cleanup")
        assert "refused a connection" not in d.log()
    finally:
        d.stop()
    assert d not in postern.Postern.live
