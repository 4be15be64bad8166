# SPDX-License-Identifier: BSD-2-Clause
"""Mail of ours: who gets a signature, and that others can verify it."""
import os
import re
import signal
import stat

import pytest

import keys
from tools import wait_for
from world import HOST, STRANGER, mail

LOGIN = "alice@example.org"


def tags(outcome, at=0):
    """The tags of the signature as a dict, blanks taken out."""
    value = outcome.all("DKIM-Signature")[at]
    return {k.strip(): re.sub(r"\s", "", v) for k, _, v in
            (t.partition("=") for t in value.split(";") if t.strip())}


def good(world, outcome):
    """The (d=, s=, a=) of the signatures, all of which must verify."""
    seen = world.verify(outcome.message())
    assert all(ok is True for _, _, _, ok in seen), seen
    return [s[:3] for s in seen]


RSA = ("example.org", "s1", "rsa-sha256")
ED = ("example.net", "s1", "ed25519-sha256")


# -- signatures that others verify

@pytest.mark.parametrize("author,wanted", [("bob@example.org", RSA),
                                           ("bob@example.net", ED)])
def test_signature_verifies(enforcing, world, author, wanted):
    out = enforcing.submit(mail(author), sender=author, login=LOGIN,
                           queue_id="4Sig" + wanted[2][:3])
    assert out.accepted, out
    assert good(world, out) == [wanted]
    # It stands on top, and nothing else was touched.
    assert out.fields[0][0] == b"DKIM-Signature"
    assert out.fields[2:] == out.sent_fields
    line = enforcing.line("4Sig" + wanted[2][:3])
    assert (line["class"], line["sign"], line["sign-domain"]) == \
        ("outbound", "signed", wanted[0])


def test_libopendkim_takes_it(enforcing):
    """As a receiver, postern's own verifier (another library) agrees."""
    import authres
    for author in ("bob@example.org", "bob@example.net"):
        out = enforcing.submit(mail(author), sender=author, login=LOGIN)
        back = enforcing.submit(out.message(), sender="x@evil.example",
                                client=HOST)
        assert back.accepted, back
        got = authres.of(back)
        assert authres.one(got, "dkim").result == "pass"
        assert authres.one(got, "dmarc").result == "pass"


def test_what_is_signed(enforcing, world):
    head = ("Reply-To: r@example.org\r\nReferences: <a@b>\r\n"
            "In-Reply-To: <a@b>\r\nList-Id: <l.example.org>\r\n"
            "List-Unsubscribe: <https://example.org/u>\r\n"
            "Sender: s@example.org\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain\r\nX-Other: x\r\n"
            "Received: from a by b\r\nReturn-Path: <x@example.org>\r\n")
    out = enforcing.submit(mail("bob@example.org", head=head),
                           sender="bob@example.org", login=LOGIN)
    names = tags(out)["h"].lower().split(":")
    for name in ("from", "to", "subject", "date", "message-id",
                 "mime-version", "content-type"):
        assert names.count(name) == 2, name      # oversigned
    for name in ("cc", "content-transfer-encoding"):
        assert names.count(name) == 1, name      # so that none can be added
    for name in ("reply-to", "references", "in-reply-to", "list-id",
                 "list-unsubscribe"):
        assert names.count(name) == 1, name
    for name in ("sender", "received", "return-path", "x-other"):
        assert name not in names
    assert good(world, out) == [RSA]
    # Another From on top breaks it: that is what oversigning is for.
    forged = b"From: ceo@example.org\r\n" + out.message()
    assert world.verify(forged)[0][3] is not True


def test_times_and_tags(enforcing):
    out = enforcing.submit(mail("bob@example.org"), sender="bob@example.org",
                           login=LOGIN)
    t = tags(out)
    assert (t["v"], t["c"]) == ("1", "relaxed/relaxed")
    assert "l" not in t
    assert int(t["x"]) - int(t["t"]) >= 6 * 86400


def test_two_keys_two_signatures(start, world, folder):
    one = keys.make(folder + "/rsa.pem")
    two = keys.make(folder + "/ed.pem", "ed25519")
    p = start(extra='domain "two.example" {\n'
              'key "r" { file = "%s" }\n'
              'key "e" { file = "%s" algorithm = ed25519-sha256 } }\n' %
              (one, two))
    out = p.submit(mail("b@two.example"), sender="b@two.example", login="b")
    records = {"r._domainkey.two.example": keys.record(one),
               "e._domainkey.two.example": keys.record(two)}
    seen = keys.verify(out.message(), records)
    assert sorted(s[1:] for s in seen) == [("e", "ed25519-sha256", True),
                                           ("r", "rsa-sha256", True)]


# -- bodies and headers of all kinds

BODIES = {
    "empty": b"", "one line": b"x\r\n", "blank lines": b"\r\n\r\n\r\n",
    "no final CRLF": b"x", "trailing blanks": b"a \t \r\nb\t\r\n \r\n",
    "8-bit": "gr\u00fc\u00dfe\r\n".encode(), "latin-1": b"gr\xfc\xdfe\r\n",
    "NUL": b"a\0b\r\n", "dots": b".\r\n..\r\n", "lone CR": b"a\rb\r\n",
    "lone LF": b"a\nb\r\n", "large": b"0123456789abcdef\r\n" * 20000,
}


@pytest.mark.parametrize("kind", BODIES)
def test_bodies(enforcing, world, kind):
    out = enforcing.submit(mail("bob@example.org", body="") + BODIES[kind],
                           sender="bob@example.org", login=LOGIN, chunk=4096)
    assert out.accepted, out
    assert out.body == BODIES[kind]
    if kind not in ("lone LF", "lone CR"):
        assert good(world, out) == [RSA]


def test_8bit_headers(enforcing, world):
    raw = mail("=?utf-8?q?B=C3=B6b?= <bob@example.org>",
               subject="gr\u00fc\u00dfe \u202e")
    out = enforcing.submit(raw, sender="bob@example.org", login=LOGIN)
    assert out.accepted, out
    assert good(world, out) == [RSA]


@pytest.mark.parametrize("field", [
    "Subject: " + "word " * 400, "References: " + "<%s@x>\r\n " % ("m" * 60) +
    "<%s@y> " % ("n" * 40) * 50,
    "To: " + ", ".join("user%d@example.com" % i for i in range(200)),
    "List-Unsubscribe: <https://example.org/" + "u" * 900 + ">, "
    "<mailto:u@example.org>",
], ids=["subject", "references", "to", "list"])
def test_long_lines_are_folded(enforcing, world, field):
    raw = field.encode() + b"\r\n" + mail("bob@example.org").replace(
        b"Subject: a test\r\n", b"" if field.startswith("Subj") else
        b"Subject: a test\r\n").replace(
        b"To: user@example.org\r\n", b"" if field.startswith("To") else
        b"To: user@example.org\r\n")
    out = enforcing.submit(raw, sender="bob@example.org", login=LOGIN)
    assert out.accepted, out
    for line in out.message().split(b"\r\n"):
        assert len(line) <= 998, len(line)
    assert good(world, out) == [RSA]
    # Only folds were added.
    name = field.split(":")[0].encode()
    squeezed = [re.sub(rb"\s+", b"", v) for n, v in out.fields if n == name]
    assert squeezed == [re.sub(rb"\s+", b"", v) for n, v in out.sent_fields
                        if n == name]


# -- who gets one

def test_classes(start, world):
    p = start(KEYS=world.keys, OUTBOUND="203.0.113.0/24 2001:db8:1::/48",
              extra='outbound-daemons = {"ORIGINATING"}\n')
    msg = dict(sender="bob@example.org")

    def signatures(qid, **how):
        out = p.submit(mail("bob@example.org"), queue_id=qid, **msg, **how)
        return len(out.all("DKIM-Signature")), p.line(qid)["class"]

    assert signatures("4a", client="203.0.113.7") == (1, "outbound")
    assert signatures("4b", client="2001:db8:1::7") == (1, "outbound")
    assert signatures("4c", client=HOST, macros={
        "daemon_name": "ORIGINATING"}) == (1, "outbound")
    assert signatures("4d", client=HOST, login="bob") == (1, "outbound")
    assert signatures("4e", client="127.0.0.1", name="localhost", port=0,
                      brackets=False) == (1, "local")
    assert signatures("4f", client=STRANGER) == (0, "inbound")
    assert signatures("4g", client="127.0.0.1") == (0, "inbound")


def test_forged_as_ours_from_outside_is_refused(enforcing):
    out = enforcing.submit(mail("bob@example.org"), client=STRANGER,
                           sender="bob@example.org")
    assert (out.word, out.final.enhanced) == ("reject", "5.7.26")


@pytest.mark.parametrize("author", [
    "x@good.example", ["b@example.org", "x@good.example"],
    "b@example.org, x@good.example", "b@mail.example.org",
    "b@example.org.evil.example", "undisclosed:;", None])
def test_not_signed_for_what_is_not_ours(enforcing, author):
    out = enforcing.submit(mail(author), sender="b@example.org", login=LOGIN)
    assert out.accepted, out
    assert out.all("DKIM-Signature") == []


def test_subdomains_and_who_may(start, world):
    p = start(extra='domain "example.org" { sign-subdomains = yes\n'
              'logins = {"alice"}\nkey "s1" { file = "%s/example.org.key" } '
              '}\n' % world.keys)

    def count(author, **how):
        return len(p.submit(mail(author), sender=author,
                            **how).all("DKIM-Signature"))

    assert count("b@example.org", login="alice") == 1
    assert count("b@deep.sub.example.org", login="alice") == 1
    assert count("b@example.org", login="mallory") == 0
    assert count("b@notexample.org", login="alice") == 0


# -- signatures that are there already

def test_own_signature_that_verifies_is_left(enforcing, world):
    raw = keys.sign(mail("bob@example.org"),
                    world.keys + "/example.org.key", "example.org")
    out = enforcing.submit(raw, sender="b@example.org", login=LOGIN,
                           queue_id="4Again")
    assert len(out.all("DKIM-Signature")) == 1
    assert enforcing.line("4Again")["sign"] == "already"


def test_own_signature_that_is_false_is_no_reason(enforcing, world):
    raw = keys.sign(mail("bob@example.org"),
                    world.keys + "/example.org.key", "example.org")
    out = enforcing.submit(raw.replace(b"Hello", b"Hullo"),
                           sender="b@example.org", login=LOGIN)
    assert len(out.all("DKIM-Signature")) == 2
    assert world.verify(out.message())[0][3] is True


def test_signature_of_others_is_left(enforcing, world):
    raw = world.signed(mail("bob@example.org"), "evil.example")
    out = enforcing.submit(raw, sender="b@example.org", login=LOGIN)
    assert sorted(good(world, out)) == [
        ("evil.example", "s1", "rsa-sha256"), RSA]


# -- keys that cannot be used, and no signer

BAD_KEYS = ("open", "garbage", "missing", "folder", "secret")


def bad_keys(folder):
    """Domains with bad keys, and one with a good one."""
    ok = keys.make(folder + "/ok.pem")
    open_ = keys.make(folder + "/open.pem")
    os.chmod(open_, 0o644)
    with open(folder + "/garbage.pem", "w") as f:
        f.write("no key\n")
    os.chmod(folder + "/garbage.pem", 0o600)
    os.mkdir(folder + "/folder.pem", 0o700)
    secret = keys.make(folder + "/secret.pem")
    if os.geteuid() == 0:       # root reads all: make it another's
        os.chown(secret, 65534, 65534)
    else:
        os.chmod(secret, 0)
    return "".join('domain "%s.example" { key "s1" { file = "%s/%s.pem" } }\n'
                   % (name, folder, name)
                   for name in ("ok", *BAD_KEYS))


@pytest.mark.parametrize("name", BAD_KEYS)
def test_bad_key_touches_its_domain_only(start, folder, name):
    p = start(extra=bad_keys(folder))
    out = p.submit(mail("b@%s.example" % name), login=LOGIN,
                   sender="b@%s.example" % name, queue_id="4Bad")
    assert (out.word, out.final.code) == ("tempfail", 451), out
    assert out.final.enhanced == "4.7.5"
    assert p.line("4Bad")["sign"] == "tempfail"
    if name == "open":
        assert "chmod" in p.log()
    assert folder not in out.final.line      # no paths to clients
    fine = p.submit(mail("b@ok.example"), sender="b@ok.example", login=LOGIN)
    assert len(fine.all("DKIM-Signature")) == 1


def test_bad_key_unsigned_by_setting(start, folder):
    p = start(extra=bad_keys(folder) + "sign-failure = unsigned\n")
    out = p.submit(mail("b@missing.example"), sender="b@missing.example",
                   login=LOGIN)
    assert out.accepted and out.all("DKIM-Signature") == []


def test_key_that_is_mended_is_used(start, folder):
    p = start(extra=bad_keys(folder))
    how = dict(sender="b@open.example", login=LOGIN)
    assert p.submit(mail("b@open.example"), **how).word == "tempfail"
    os.chmod(folder + "/open.pem", stat.S_IRUSR)

    def works():
        out = p.submit(mail("b@open.example"), **how)
        return len(out.all("DKIM-Signature")) == 1

    if not works():         # the signer may have noted the failure: tell it
        os.kill(p.sign_pid, signal.SIGHUP)
        wait_for("the signer to use the key", works)


def gone(pid):
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_signer_away(start, world):
    p = start(KEYS=world.keys)
    how = dict(sender="bob@example.org", login=LOGIN)
    assert p.submit(mail("bob@example.org"), **how).accepted
    pid = p.sign_pid
    os.kill(pid, signal.SIGKILL)
    wait_for("the signer to be gone", lambda: gone(pid))
    out = p.submit(mail("bob@example.org"), **how)
    assert (out.word, out.final.enhanced) == ("tempfail", "4.7.5"), out
    # What needs no signature goes on; DSNs and cron are never refused.
    assert p.submit(mail("x@good.example"), client=HOST,
                    sender="x@good.example").accepted
    out = p.submit(mail("bob@example.org"), client="127.0.0.1", port=0,
                   sender="bob@example.org")
    assert out.accepted and out.all("DKIM-Signature") == []


def test_signer_away_unsigned(start, world):
    p = start(KEYS=world.keys, extra="sign-failure = unsigned\n")
    pid = p.sign_pid
    os.kill(pid, signal.SIGKILL)
    wait_for("the signer to be gone", lambda: gone(pid))
    out = p.submit(mail("bob@example.org"), sender="bob@example.org",
                   login=LOGIN, queue_id="4Un")
    assert out.accepted and out.all("DKIM-Signature") == []
    assert p.line("4Un")["sign"] == "unsigned"


def test_signer_that_hangs(start, world):
    p = start(KEYS=world.keys, extra="sign-timeout = 300ms\n")
    os.kill(p.sign_pid, signal.SIGSTOP)
    try:
        out = p.submit(mail("bob@example.org"), sender="bob@example.org",
                       login=LOGIN)
        assert (out.word, out.final.code) == ("tempfail", 451), out
    finally:
        os.kill(p.sign_pid, signal.SIGCONT)
    wait_for("signatures again", lambda: p.submit(
        mail("bob@example.org"), sender="bob@example.org",
        login=LOGIN).all("DKIM-Signature"))
