# SPDX-License-Identifier: BSD-2-Clause
"""Mail from outside: SPF, DKIM, DMARC, Authentication-Results."""
import re

import pytest

import authres
from world import BROKEN, HOST, STRANGER, mail

REFUSED = ("reject", 550, "5.7.26")
LATER = ("tempfail", 451, None)
MARK = "X-Postern-Quarantine"


def answer(out):
    """(word, code, enhanced) to compare with the constants above."""
    return out.word, out.final.code, out.final.enhanced


def agrees(out, wanted):
    got = answer(out)
    return all(w is None or w == g for w, g in zip(wanted, got))


def send(p, author, client=HOST, sender=None, signed=None, world=None,
         raw=None, **how):
    raw = raw or mail(None if author is None else "x@" + author)
    for domain in [signed] if isinstance(signed, str) else signed or []:
        raw = world.signed(raw, domain)
    if sender is None:
        sender = "x@" + author
    return p.submit(raw, client=client, sender=sender, **how)


def test_good_mail_passes_with_all_results(enforcing, world):
    out = send(enforcing, "good.example", signed="good.example", world=world,
               queue_id="4Good")
    assert out.accepted, out
    got = authres.of(out)
    assert authres.one(got, "iprev").result == "pass"
    assert authres.one(got, "iprev")["policy.iprev"] == HOST
    spf = [r for r in got if r.method == "spf"]
    assert [r.result for r in spf] == ["pass", "pass"]
    assert spf[0]["smtp.mailfrom"].endswith("good.example")
    assert spf[1]["smtp.helo"] == "client.example"
    dkim = authres.one(got, "dkim")
    assert (dkim.result, dkim["header.d"], dkim["header.s"]) == \
        ("pass", "good.example", "s1")
    dmarc = authres.one(got, "dmarc")
    assert (dmarc.result, dmarc["header.from"]) == ("pass", "good.example")
    assert "p=reject" in " ".join(dmarc.comments)
    # All else is as it came.
    assert out.fields[1:] == [out.RECEIVED] + out.sent_fields
    assert out.body == out.sent_body
    line = enforcing.line("4Good")
    assert (line["class"], line["verdict"]) == ("inbound", "accept")
    assert (line["client"], line["spf"], line["dmarc"]) == \
        (HOST, "pass", "pass")
    assert re.match(r"(\S+: )?qid=4Good class=inbound ", next(
        x for x in enforcing.log().splitlines() if "qid=4Good" in x))


# author's domain, client, sender, signers, dmarc=, answer when enforcing,
# marked when enforcing
POLICIES = {
    "spf alone": ("good.example", HOST, "good.example", [], "pass", None, 0),
    "dkim alone": ("good.example", STRANGER, "evil.example",
                   ["good.example"], "pass", None, 0),
    "forged": ("good.example", STRANGER, "good.example", [], "fail",
               REFUSED, 0),
    "forged with another's good name":
        ("good.example", HOST, "evil.example", ["evil.example"], "fail",
         REFUSED, 0),
    "second signature aligns":
        ("good.example", STRANGER, "evil.example",
         ["good.example", "evil.example"], "pass", None, 0),
    "subdomain, relaxed": ("mail.good.example", STRANGER, "evil.example",
                           ["good.example"], "pass", None, 0),
    "subdomain, strict": ("mail.strict.example", STRANGER, "evil.example",
                          ["strict.example"], "fail", REFUSED, 0),
    "same name, strict": ("strict.example", STRANGER, "evil.example",
                          ["strict.example"], "pass", None, 0),
    "quarantine": ("quar.example", STRANGER, "quar.example", [], "fail",
                   None, 1),
    "none": ("none.example", STRANGER, "none.example", [], "fail", None, 0),
    "no policy": ("evil.example", STRANGER, "evil.example", [], "none",
                  None, 0),
    "t=y is one step down": ("testing.example", STRANGER, "testing.example",
                             [], "fail", None, 1),
    "sp= for a subdomain": ("mail.sub.example", STRANGER, "sub.example", [],
                            "fail", REFUSED, 0),
    "np= for a name that is not": ("nobody.sub.example", STRANGER,
                                   "sub.example", [], "fail", None, 1),
    "A-labels": ("xn--mnchen-3ya.example", STRANGER, "evil.example", [],
                 "fail", REFUSED, 0),
    "U-labels": ("m\u00fcnchen.example", STRANGER, "evil.example", [],
                 "fail", REFUSED, 0),
}


@pytest.mark.parametrize("case", POLICIES)
def test_policy_enforced(enforcing, world, case):
    author, client, sender, signers, result, refused, marked = POLICIES[case]
    out = send(enforcing, author, client, "x@" + sender, signers, world)
    if refused:
        assert agrees(out, refused), out
        # A sentence that the sender can act on.
        assert "DMARC" in out.final.line and ".example" in out.final.line
        return
    assert out.accepted, out
    assert authres.one(authres.of(out), "dmarc").result == result
    assert len(out.all(MARK)) == marked


@pytest.mark.parametrize("case", POLICIES)
def test_policy_monitored(monitoring, world, case):
    author, client, sender, signers, result, refused, _ = POLICIES[case]
    qid = "4Mon%d" % list(POLICIES).index(case)
    out = send(monitoring, author, client, "x@" + sender, signers, world,
               queue_id=qid)
    assert out.accepted, out
    assert authres.one(authres.of(out), "dmarc").result == result
    assert out.all(MARK) == []
    if refused:
        assert "would" in monitoring.line(qid)["dmarc-action"]


def test_refusal_is_logged_with_its_reason(enforcing):
    send(enforcing, "good.example", STRANGER, queue_id="4Refused")
    line = enforcing.line("4Refused")
    assert (line["verdict"], line["stage"]) == ("reject", "dmarc")
    assert line["reply"] == "550/5.7.26"
    assert line["dmarc-from"] == "good.example"


# -- Authentication-Results

FORGED = (
    "Authentication-Results: mx.example.org; dmarc=pass header.from=x\r\n"
    "Authentication-Results: MX.Example.ORG 1; spf=pass\r\n"
    "Authentication-Results: (a (nested) comment) mx.example.org; spf=pass"
    "\r\n"
    "authentication-results:\r\n \"mx.example.org\"; dkim=pass\r\n"
    "Authentication-Results:mx.example.org(x)/1; none\r\n")
OTHERS = (
    "Authentication-Results: mx.example.org.evil.example; spf=pass\r\n"
    "Authentication-Results: other.example; dkim=fail header.d=a.example\r\n"
    "Authentication-Results: mail.mx.example.org; none\r\n"
    "ARC-Authentication-Results: i=1; mx.example.org; spf=pass\r\n")


@pytest.mark.parametrize("how", [dict(), dict(login="alice@example.org")],
                         ids=["inbound", "outbound"])
def test_forged_results_go_and_others_stay(enforcing, how):
    raw = mail("x@none.example", head=FORGED + OTHERS)
    out = enforcing.submit(raw, sender="x@none.example", **how)
    assert out.accepted, out
    ours = [v for v in out.all("Authentication-Results")
            if re.match(r"[^;]*mx\.example\.org[^;.]*;", v, re.I)
            and not v.startswith("mail.")]
    assert len(ours) == (0 if how else 1)
    for field in OTHERS.split("\r\n")[:-1]:
        assert field.encode() in out.message()


def test_results_stand_above_received(enforcing):
    out = send(enforcing, "good.example")
    assert [n for n, _ in out.fields[:2]] == [b"Authentication-Results",
                                              b"Received"]


def test_lines_of_the_results_are_short(enforcing, world):
    out = send(enforcing, "good.example", world=world,
               signed=["good.example"] * 6)
    for line in out.fields[0][1].split(b"\n"):
        assert len(line) < 200, line


@pytest.mark.parametrize("name,resolve,result", [
    ("client.example", "OK", "pass"), ("unknown", "FORGED", "fail"),
    ("unknown", "FAIL", "fail"), ("unknown", "TEMP", "temperror")])
def test_iprev(enforcing, name, resolve, result):
    out = send(enforcing, "good.example", name=name, macros={
        "client_resolve": resolve,
        "client_ptr": "client.example" if resolve == "FORGED" else name})
    got = authres.one(authres.of(out), "iprev").result
    assert got == result or resolve == "FAIL" and got == "permerror"


# -- SPF

@pytest.mark.parametrize("client,sender,result,where", [
    (HOST, "x@good.example", "pass", "smtp.mailfrom"),
    (STRANGER, "x@none.example", "fail", "smtp.mailfrom"),
    (HOST, "x@nowhere.invalid", "none", "smtp.mailfrom"),
    ("::ffff:" + HOST, "x@good.example", "pass", "smtp.mailfrom"),
    ("2001:db8::10", "x@good.example", "pass", "smtp.mailfrom"),
    (HOST, "", "pass", "smtp.helo"),
    (STRANGER, "", "fail", "smtp.helo"),
])
def test_spf_only_marks(enforcing, client, sender, result, where):
    out = send(enforcing, "evil.example", client, sender)
    assert out.accepted, out
    first = [r for r in authres.of(out) if r.method == "spf"][0]
    assert (first.result, where in first.props) == (result, True)


def test_spf_fail_can_refuse(start):
    p = start(extra="spf-fail = reject\n")
    out = send(p, "evil.example", STRANGER)
    assert agrees(out, ("reject", 550, "5.7.23")), out
    assert send(p, "evil.example", HOST).accepted
    assert send(p, "evil.example", STRANGER,
                rcpts=("postmaster@example.org",)).accepted


def test_received_spf_by_setting(start):
    p = start(extra="received-spf = yes\n")
    out = send(p, "good.example")
    assert out.all("Received-SPF")[0].lower().startswith("pass ")
    assert "receiver=" in out.all("Received-SPF")[0]


# -- DKIM

def test_each_signature_has_its_result(enforcing, world):
    raw = mail("x@good.example")
    raw = world.signed(raw, "good.example", "s1")
    raw = world.signed(raw, "good.example", "s2")
    raw = world.signed(raw, "evil.example", "s1")
    raw = b"DKIM-Signature: v=1; this is; no signature\r\n" + raw
    raw = world.signed(raw, "none.example", "s1")
    raw = raw.replace(b"d=none.example", b"d=quar.example")
    out = send(enforcing, "good.example", STRANGER, raw=raw)
    assert out.accepted, out
    got = [(r.result, r.get("header.d"), r.get("header.s"))
           for r in authres.of(out) if r.method == "dkim"]
    assert ("pass", "good.example", "s1") in got
    assert ("pass", "good.example", "s2") in got
    assert ("pass", "evil.example", "s1") in got
    bad = [g for g in got if g[1] == "quar.example"]
    assert bad and bad[0][0] in ("fail", "permerror")
    assert len(got) == 5


def test_authors_signature_counts_among_many(enforcing, world):
    """At most eight are looked at, those of the author's domain first."""
    raw = world.signed(mail("x@good.example"), "good.example")
    for _ in range(12):
        raw = world.signed(raw, "evil.example")
    out = send(enforcing, "good.example", STRANGER, "x@evil.example", raw=raw)
    assert out.accepted, out
    got = [r for r in authres.of(out) if r.method == "dkim"]
    assert len(got) == 8
    assert ("pass", "good.example") in [(r.result, r["header.d"])
                                        for r in got]


def test_changed_body_fails(enforcing, world):
    raw = world.signed(mail("x@good.example"), "good.example") + b"more\r\n"
    out = send(enforcing, "good.example", STRANGER, raw=raw)
    assert agrees(out, REFUSED), out


def test_no_signature_is_none(enforcing):
    got = authres.of(send(enforcing, "evil.example"))
    assert authres.one(got, "dkim").result == "none"


def test_partial_body_is_policy(enforcing, world):
    raw = world.signed(mail("x@none.example"), "none.example", length=True)
    out = send(enforcing, "none.example", STRANGER, raw=raw + b"added\r\n")
    assert authres.one(authres.of(out), "dkim").result in ("policy", "fail")


# -- From

@pytest.mark.parametrize("field", [
    "From: x@evil.example\r\nFrom: y@good.example\r\n",
    "From: x@evil.example, y@good.example\r\n",
    "From: friends: x@evil.example, y@good.example;\r\n",
    'From: "y@evil.example" <"x y"@good.example>\r\n',
    "From: y@\r\n good.example\r\n",
    "From: <@evil.example:y@good.example>\r\n",
    "From: =?utf-8?q?Boss?= <y@GOOD.Example>\r\n",
    "From: y@good.example.\r\n",
])
def test_every_author_is_judged(enforcing, field):
    """None of these hides good.example, whose policy is reject."""
    raw = field.encode() + mail(None)
    out = enforcing.submit(raw, client=STRANGER, sender="x@evil.example")
    assert agrees(out, ("reject", 550, None)), out


def test_no_from(enforcing, start):
    out = send(enforcing, None, sender="x@good.example")
    if out.accepted:
        dmarc = authres.one(authres.of(out), "dmarc")
        assert dmarc.result in ("none", "permerror")
    strict = start(extra="dmarc-no-author = reject\n")
    out = send(strict, None, sender="x@good.example")
    assert out.word == "reject" and out.final.code == 550
    marking = start(extra="dmarc-no-author = mark\n")
    assert send(marking, None, sender="x@good.example").accepted


# -- temporary errors

def test_451_where_it_could_matter(enforcing, world):
    # No policy to be had: it could be reject.
    out = send(enforcing, BROKEN, STRANGER, "x@evil.example")
    assert agrees(out, LATER), out
    # The key cannot be had: the signature could pass.
    out = send(enforcing, "tempkey.example", STRANGER, "x@evil.example",
               "tempkey.example", world)
    assert agrees(out, LATER), out


def test_no_451_where_it_could_not(enforcing, world):
    # SPF passes, so the key does not matter.
    out = send(enforcing, "tempkey.example", HOST, None, "tempkey.example",
               world)
    assert out.accepted, out
    got = authres.of(out)
    assert authres.one(got, "dkim").result == "temperror"
    assert authres.one(got, "dmarc").result == "pass"
    # The sender's SPF cannot be had, and would not align.
    out = send(enforcing, "good.example", STRANGER, "x@" + BROKEN)
    assert agrees(out, REFUSED), out
    # It asks for nothing.
    out = send(enforcing, "none.example", STRANGER, "x@" + BROKEN)
    assert out.accepted
    spf = [r for r in authres.of(out) if r.method == "spf"][0]
    assert spf.result == "temperror"


def test_temporary_errors_do_not_last_for_ever(start):
    p = start(extra="dmarc-tempfail = 1s\n")
    import time
    assert agrees(send(p, BROKEN, STRANGER, "x@evil.example"), LATER)
    time.sleep(1.2)
    out = send(p, BROKEN, STRANGER, "x@evil.example", queue_id="4Marked")
    assert out.accepted, out
    assert authres.one(authres.of(out), "dmarc").result == "temperror"
    assert "dmarc-override" in p.line("4Marked")
    assert [v.strip() for v in out.all(MARK)] == [
        "dmarc=temperror header.from=" + BROKEN]


def test_monitor_never_waits(monitoring):
    out = send(monitoring, BROKEN, STRANGER, "x@evil.example")
    assert out.accepted, out


# -- who is never refused

@pytest.mark.parametrize("rcpt", ["postmaster@example.org",
                                  "ABUSE@example.org", "postmaster"])
def test_role_addresses_get_all(enforcing, rcpt):
    out = send(enforcing, "good.example", STRANGER, rcpts=(rcpt,))
    assert out.accepted, out
    assert authres.one(authres.of(out), "dmarc").result == "fail"


def test_role_and_others_are_split(enforcing):
    out = send(enforcing, "good.example", STRANGER,
               rcpts=("user@example.org", "postmaster@example.org"))
    assert [r.code for r in out.rcpt_replies] == [250, 452]
    assert out.rcpt_replies[1].enhanced == "4.5.3"
    assert agrees(out, REFUSED), out


def test_split_by_the_strictest(start):
    p = start(extra="split-recipients = strictest\n")
    out = send(p, "good.example", STRANGER,
               rcpts=("postmaster@example.org", "user@example.org"))
    assert [r.code for r in out.rcpt_replies] == [250, 250]
    assert agrees(out, REFUSED), out


def test_relay_network(start):
    p = start(extra='relay-networks = {"198.51.100.0/24"}\n'
                    "spf-fail = reject\n")
    out = send(p, "good.example", STRANGER, queue_id="4Relay")
    assert out.accepted, out
    assert authres.one(authres.of(out), "dmarc").result == "fail"
    assert p.line("4Relay")["class"] == "relay"
    assert out.all("DKIM-Signature") == []
    assert agrees(send(p, "good.example", "203.0.113.9"), ("reject",))


def test_policy_of_the_recipients_domain(start):
    p = start(extra='domain "example.net" { dmarc = monitor }\n')
    assert send(p, "good.example", STRANGER,
                rcpts=("u@example.net",)).accepted
    assert agrees(send(p, "good.example", STRANGER), REFUSED)


FORWARDERS = '''
trusted-forwarder "by network" { networks = {"198.51.100.66"} }
trusted-forwarder "by list" { domain = "evil.example"
	list-id = "talk.evil.example" }
'''


def test_trusted_forwarders(start, world):
    p = start(extra=FORWARDERS)
    out = send(p, "good.example", STRANGER, queue_id="4Fwd")
    assert out.accepted, out
    assert "by network" in p.line("4Fwd")["dmarc-override"]
    listed = mail("x@good.example", head="List-Id: <talk.evil.example>\r\n")
    out = send(p, "good.example", "203.0.113.9", "x@evil.example",
               "evil.example", world, raw=listed)
    assert out.accepted, out
    # The list's name without the list's signature is nothing.
    out = send(p, "good.example", "203.0.113.9", "x@evil.example",
               raw=listed)
    assert agrees(out, REFUSED), out
    # Its signature without its name neither.
    out = send(p, "good.example", "203.0.113.9", "x@evil.example",
               "evil.example", world)
    assert agrees(out, REFUSED), out


def test_quarantine_can_hold(start):
    p = start(extra="dmarc-quarantine = hold\n")
    out = send(p, "quar.example", STRANGER, queue_id="4Held")
    assert out.accepted, out
    assert out.quarantine and "dmarc" in out.quarantine.lower()
    assert len(out.all(MARK)) == 1
    assert p.line("4Held")["verdict"] == "hold"


def test_forged_mark_is_removed(enforcing):
    raw = mail("x@good.example", head=MARK + ": dmarc=fail\r\n")
    out = send(enforcing, "good.example", raw=raw)
    assert out.accepted and out.all(MARK) == []


def test_many_messages_in_one_session(enforcing, world):
    """What one message brings does not stick to the next."""
    import milterclient
    with milterclient.Milter(enforcing.sock) as m:
        m.connect(STRANGER)
        m.helo()
        good = world.signed(mail("x@good.example"), "good.example")
        for _ in range(3):
            assert m.deliver(good, "x@evil.example").accepted
            m.abort()
            out = m.deliver(mail("x@good.example"), "x@evil.example")
            assert agrees(out, REFUSED), out
            m.abort()
            m.helo("other.example")
        m.quit()
