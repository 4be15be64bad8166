# SPDX-License-Identifier: BSD-2-Clause
"""The whole way through a real Postfix: what came in, what came out."""
import os
import signal
import threading

import pytest

import keys
import postern
from tools import wait_for
from world import HOST, STRANGER, mail

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def mx(enforcing):
    import postfix
    p = postfix.Postfix(enforcing.sock).start()
    yield p
    p.close()


def test_good_mail_arrives(mx, world):
    raw = world.signed(mail("x@good.example", "e2e good"), "good.example")
    with mx.client(HOST) as c:
        code, text = c.say(raw, "x@good.example", ["user@example.org"])
    assert code == 250, text
    got = mx.sink.wait("e2e good").raw
    assert got.startswith(b"Authentication-Results: mx.example.org;")
    assert got.endswith(raw)
    head = got.split(b"Received:")[0]
    for part in (b"spf=pass", b"dkim=pass", b"dmarc=pass", b"iprev="):
        assert part in head, head
    assert b"\r\r" not in got


def test_forged_mail_is_refused(mx):
    with mx.client(STRANGER) as c:
        code, text = c.say(mail("x@good.example", "e2e forged"),
                           "x@good.example", ["user@example.org"])
        assert code == 550 and text.startswith("5.7.26"), text
        # The session goes on.
        code, text = c.say(mail("x@evil.example", "e2e after"),
                           "x@evil.example", ["user@example.org"])
        assert code == 250, text
    mx.sink.wait("e2e after")
    assert not mx.sink.find("e2e forged")


def test_ipv6_client(mx):
    with mx.client("2001:db8::10") as c:
        code, text = c.say(mail("x@good.example", "e2e six"),
                           "x@good.example", ["user@example.org"])
    assert code == 250, text
    assert b"spf=pass" in mx.sink.wait("e2e six").raw


def test_submission_is_signed(mx, world):
    body = "gr\u00fc\u00dfe \u2026\r\n" + "long " * 300 + "\r\n"
    raw = mail("Bob <bob@example.org>", "e2e out", body,
               head="Bcc: b@far.example\r\n"
               "Keywords: " + "k " * 900 + "\r\n")
    with mx.submission() as c:
        code, text = c.say(raw, "bob@example.org", ["u@far.example"],
                           ["BODY=8BITMIME"])
    assert code == 250, text
    got = mx.sink.wait("e2e out").raw
    assert [s[3] for s in world.verify(got)] == [True]
    for line in got.split(b"\r\n\r\n")[0].split(b"\r\n"):
        assert len(line) <= 998


def test_ed25519_and_missing_fields(mx, world):
    """Date and Message-ID are Postfix's here, and signed."""
    with mx.submission() as c:
        code, text = c.say(b"From: b@example.net\r\nSubject: e2e ed\r\n\r\n"
                           b"hi\r\n", "b@example.net", ["u@far.example"])
    assert code == 250, text
    got = mx.sink.wait("e2e ed").raw
    assert b"Message-Id:" in got and b"\r\nDate:" in got
    assert [s[2:] for s in world.verify(got)] == [("ed25519-sha256", True)]


def test_sendmail_is_signed(mx, world):
    code, text = mx.sendmail(mail("bob@example.org", "e2e local"),
                             "-f", "bob@example.org", "u@far.example")
    assert code == 0, text
    got = mx.sink.wait("e2e local").raw
    assert [s[3] for s in world.verify(got)] == [True]


def test_bounce_is_signed_and_never_refused(mx, world):
    """The DSN to a sender of ours comes from our own domain."""
    mx.sink.refuse = "nosuchuser"
    with mx.submission() as c:
        code, text = c.say(mail("bob@example.org", "e2e bounced"),
                           "bob@example.org", ["nosuchuser@far.example"])
    assert code == 250, text
    got = mx.sink.wait("Undelivered Mail").raw
    assert b"multipart/report" in got
    assert b"no such user here" in got
    seen = world.verify(got)
    assert [(s[0], s[3]) for s in seen] == [("example.org", True)], seen


def test_quarantine_is_marked(mx):
    with mx.client(STRANGER) as c:
        code, text = c.say(mail("x@quar.example", "e2e quarantine"),
                           "x@quar.example", ["user@example.org"])
    assert code == 250, text
    assert b"X-Postern-Quarantine: dmarc=fail" in \
        mx.sink.wait("e2e quarantine").raw


def test_several_messages_and_rset(mx):
    with mx.client(HOST) as c:
        for i in range(5):
            c.mail("x@good.example")
            c.rset()
            code, text = c.say(mail("x@good.example", "e2e row %d" % i),
                               "x@good.example", ["user@example.org"])
            assert code == 250, text
    for i in range(5):
        mx.sink.wait("e2e row %d" % i)


def test_smtputf8(mx):
    raw = mail("x@m\u00fcnchen.example", "e2e eai")
    with mx.client(HOST) as c:
        c.command_encoding = "utf-8"
        code, text = c.say(raw, "x@m\u00fcnchen.example",
                           ["user@example.org"], ["SMTPUTF8"])
    assert code == 250, text
    head = mx.sink.wait("e2e eai").raw.split(b"Received:")[0]
    assert b"dmarc=pass" in head and b"spf=pass" in head, head


def test_hold_and_release(begin_postfix, start):
    p = start(extra="dmarc-quarantine = hold\n")
    mx = begin_postfix(p.sock)
    with mx.client(STRANGER) as c:
        code, text = c.say(mail("x@quar.example", "e2e held"),
                           "x@quar.example", ["user@example.org"])
    assert code == 250, text
    held = wait_for("the hold queue", mx.queue)
    assert [q["queue_name"] for q in held] == ["hold"]
    assert not mx.sink.find("e2e held")
    mx.release(held[0]["queue_id"])
    got = mx.sink.wait("e2e held").raw
    assert b"X-Postern-Quarantine:" in got and b"dmarc=fail" in got


def test_percent_in_a_refusal(begin_postfix, start):
    p = start(extra='help-url = "https://example.org/50%25off?a=%s"\n')
    mx = begin_postfix(p.sock)
    with mx.client(STRANGER) as c:
        code, text = c.say(mail("x@good.example"), "x@good.example",
                           ["user@example.org"])
    assert code == 550
    assert "https://example.org/50%25off?a=%s" in text.replace("\n", " ")


def test_postern_dies_among_a_message(begin_postfix, start, world):
    p = start(KEYS=world.keys)
    mx = begin_postfix(p.sock)
    with mx.client(HOST) as c:
        assert c.mail("x@good.example")[0] == 250
        assert c.rcpt("user@example.org")[0] == 250
        os.kill(p.pid, signal.SIGKILL)
        p.proc.wait(20)
        code, text = c.data(mail("x@good.example", "e2e dying"))
        assert code == 451, text
        # And nothing passes unchecked while it is away.
        assert c.mail("x@good.example")[0] == 451
    code, text = mx.sendmail(mail("bob@example.org", "e2e later"),
                             "-f", "bob@example.org", "u@far.example")
    assert code == 0
    assert not mx.sink.find("e2e dying") and not mx.sink.find("e2e later")
    p.code = p.proc.returncode
    postern.Postern.live.remove(p)
    # When it is back, what waited goes out, signed.
    again = postern.Postern(p.run, SOCK=p.sock, DNS=world.dns.address,
                            KEYS=world.keys)
    try:
        got = mx.sink.wait("e2e later", 90).raw
        assert [s[3] for s in world.verify(got)] == [True]
    finally:
        again.stop()


def test_restart_under_load_loses_nothing(begin_postfix, start, world):
    """TERM while messages come: each is answered, and is where it should."""
    p = start(KEYS=world.keys)
    mx = begin_postfix(p.sock)
    answers = {}

    def sender(n):
        for i in range(8):
            name = "e2e load %d.%d end" % (n, i)
            with mx.client(HOST) as c:
                answers[name] = c.say(mail("x@good.example", name),
                                      "x@good.example",
                                      ["user@example.org"])[0]

    threads = [threading.Thread(target=sender, args=(n,)) for n in range(4)]
    for t in threads:
        t.start()
    wait_for("some answers", lambda: len(answers) >= 8, 60)
    p.stop()
    again = postern.Postern(p.run, SOCK=p.sock, DNS=world.dns.address,
                            KEYS=world.keys)
    for t in threads:
        t.join()
    assert set(answers.values()) <= {250, 451}, answers
    for name, code in answers.items():
        if code == 250:
            assert b"spf=pass" in mx.sink.wait(name).raw
        else:
            assert not mx.sink.find(name)
    again.stop()


def test_chroot_as_debian_ships_it(begin_postfix, world):
    """smtpd and cleanup in a chroot reach a socket in the queue directory."""
    mx = begin_postfix("postern/milter.sock", chroot=True)
    p = postern.Postern(mx.dir + "/run", KEYS=world.keys,
                        SOCK=mx.spool + "/postern/milter.sock",
                        DNS=world.dns.address)
    try:
        with mx.client(HOST) as c:
            code, text = c.say(mail("x@good.example", "e2e chroot"),
                               "x@good.example", ["user@example.org"])
        assert code == 250, text + mx.log()[-2000:]
        assert b"dmarc=pass" in mx.sink.wait("e2e chroot").raw
        mx.sendmail(mail("bob@example.org", "e2e chroot out"), "-f",
                    "bob@example.org", "u@far.example")
        got = mx.sink.wait("e2e chroot out").raw
        assert [s[3] for s in keys.verify(got, world.records)] == [True]
    finally:
        p.stop()
