# SPDX-License-Identifier: BSD-2-Clause
"""Settings that no other test turns: each does what the manual says."""
import time
import unittest.mock

import pytest

import authres
import keys
import nsd
import odddns
from test_inbound import REFUSED, agrees, send
from tools import free_port
from world import HOST, STRANGER, mail

LOGIN = "alice@example.org"


@pytest.fixture
def setting(world, start):
    """setting(text): a postern that has just been told so."""
    mine = []

    def tell(text="", **how):
        if not mine or how:
            mine.append(start(extra=text, **how))
            return mine[-1]
        with open(mine[-1].extra, "w") as f:
            f.write(text)
        mine[-1].reload("is in force for new connections")
        return mine[-1]

    return tell


def first(out, method):
    return [r for r in authres.of(out) if r.method == method][0]


# -- DKIM signatures that count by policy

def signed(world, at=None, **how):
    with unittest.mock.patch("dkim.time.time", return_value=at or
                             time.time()):
        return keys.sign(mail("x@good.example"), world.key("good.example"),
                         "good.example", **how)


BY_POLICY = {
    "dkim-accept-sha1 = yes": dict(signature_algorithm=b"rsa-sha1"),
    "dkim-accept-expired = yes": dict(at=1600000000,
                                      selector="s1; x=1700000000"),
    "dkim-accept-partial = yes": dict(length=True),
}


@pytest.mark.parametrize("text", BY_POLICY)
def test_weak_signatures(setting, world, text):
    """They verify, and still help nobody's DMARC unless set so."""
    raw = signed(world, **BY_POLICY[text])
    if "partial" in text:
        raw += b"and what anyone may add\r\n"
    how = dict(client=STRANGER, sender="x@evil.example", raw=raw)
    p = setting()
    assert agrees(send(p, "good.example", **how), REFUSED)
    out = send(p, "good.example", rcpts=["postmaster@example.org"], **how)
    assert first(out, "dkim").result == "policy", out.fields[0]
    p = setting(text + "\n")
    out = send(p, "good.example", **how)
    assert out.accepted, out
    assert first(out, "dkim").result == "pass"
    assert authres.one(authres.of(out), "dmarc").result == "pass"


def test_small_keys(setting, world):
    how = dict(client=STRANGER, sender="x@evil.example", raw=signed(world))
    assert send(setting(), "good.example", **how).accepted
    p = setting("dkim-min-bits = 3072\n")
    assert agrees(send(p, "good.example", **how), REFUSED)


# -- checks that are off

def test_checks_that_are_off(setting, world):
    p = setting("spf = no\n")
    out = send(p, "good.example", HOST, None, "good.example", world)
    assert {r.method for r in authres.of(out)} == {"iprev", "dkim", "dmarc"}
    p = setting("dkim = no\n")
    out = send(p, "good.example", HOST, None, "good.example", world)
    assert {r.method for r in authres.of(out)} == {"iprev", "spf", "dmarc"}
    p = setting("dmarc = off\n")
    out = send(p, "good.example", STRANGER, "x@evil.example", queue_id="4Off")
    assert out.accepted
    assert authres.one(authres.of(out), "dmarc").result == "fail"
    assert p.line("4Off")["dmarc-action"] == "none"


def test_off_for_one_domain_of_ours(setting):
    p = setting('domain "example.net" { dmarc = off }\n')
    out = send(p, "good.example", STRANGER, "x@evil.example",
               rcpts=["u@example.net"])
    assert out.accepted
    assert agrees(send(p, "good.example", STRANGER, "x@evil.example"),
                  REFUSED)


def test_help_url_is_in_each_refusal(setting):
    p = setting("spf-fail = reject\nhelp-url = \"https://example.org/why\"\n")
    for author, sender in (("good.example", "x@none.example"),
                           ("none.example", "x@evil.example")):
        out = send(p, author, STRANGER, sender)
        assert out.word == "reject"
        assert "https://example.org/why" in out.final.line


RECEIVED = {
    "pass": (HOST, "x@good.example", ["mechanism=ip4:" + HOST]),
    "fail": (STRANGER, "x@good.example", ["mechanism=-all"]),
    "none": (HOST, "x@nowhere.example", []),
    "temperror": (HOST, "x@broken.example", ["problem="]),
}


@pytest.mark.parametrize("result", RECEIVED)
def test_received_spf(setting, result):
    client, sender, more = RECEIVED[result]
    p = setting("received-spf = yes\n")
    out = send(p, "evil.example", client, sender)
    values = out.all("Received-SPF")
    assert len(values) == 1 and values[0].startswith(result + " (")
    said = values[0].replace('"', "")
    for part in ["client-ip=" + client, "helo=client.example", sender,
                 "identity=mailfrom", "receiver=mx.example.org"] + more:
        assert part in said, said


def test_tempfail_of_zero_never_defers(setting):
    p = setting("dmarc-tempfail = 0\n")
    out = send(p, "broken.example", STRANGER, "x@evil.example")
    assert out.accepted, out


# -- trusted forwarders

FORWARDERS = '''
trusted-forwarder "old account" { domain = "evil.example"
	recipient = "Me@example.org" }
trusted-forwarder "by both" { networks = {"203.0.113.0/24"}
	list-id = "talk.none.example" }
'''


def test_forwarder_by_recipient(setting, world):
    p = setting(FORWARDERS)

    def word(rcpts, signer="evil.example", author="good.example"):
        out = send(p, author, STRANGER, "x@evil.example", signer, world,
                   rcpts=rcpts, queue_id="4F")
        return out.word, len(out.all("X-Postern-Quarantine"))

    me, other = "me@example.org", "you@example.org"
    assert word([me]) == ("accept", 0)
    assert p.lines("4F")[-1]["dmarc-override"] == \
        "trusted forwarder old account"
    # Nor is its mail marked.
    assert word([me], author="quar.example") == ("accept", 0)
    assert word([other], author="quar.example") == ("accept", 1)
    # The override reaches nobody else, and needs that signature.
    assert word([other])[0] == "reject"
    assert word([me, other])[0] == "reject"
    assert word([me], "none.example")[0] == "reject"
    assert word([me], None)[0] == "reject"


def test_forwarder_needs_all_that_it_names(setting):
    p = setting(FORWARDERS)
    raw = mail("x@good.example", head="List-Id: x <talk.none.example>\r\n")
    how = dict(sender="x@evil.example")
    assert send(p, "good.example", "203.0.113.9", raw=raw, **how).accepted
    assert agrees(send(p, "good.example", STRANGER, raw=raw, **how), REFUSED)
    assert agrees(send(p, "good.example", "203.0.113.9", **how), REFUSED)


def test_forwarder_is_no_way_round_spf(setting):
    """Its section speaks of DMARC alone."""
    p = setting(FORWARDERS + "spf-fail = reject\n")
    raw = mail("x@good.example", head="List-Id: x <talk.none.example>\r\n")
    out = send(p, "good.example", "203.0.113.9", "x@evil.example", raw=raw)
    assert out.final.enhanced == "5.7.23"


# -- outbound

def sent(p, author="bob@example.org", **how):
    how.setdefault("login", LOGIN)
    return p.submit(mail(author), sender=author, **how)


def test_form_of_signatures(setting, world):
    p = setting("sign-header = simple\nsign-body = simple\n"
                "sign-expire = 0\n", KEYS=world.keys)
    out = sent(p)
    value = out.all("DKIM-Signature")[0].replace(" ", "")
    assert "c=simple/simple" in value and "x=" not in value
    assert [s[3] for s in world.verify(out.message())] == [True]
    p = setting("sign-expire = 6d\n")
    tags = dict(t.strip().split("=", 1) for t in sent(p).all(
        "DKIM-Signature")[0].split(";"))
    assert int(tags["x"]) - int(tags["t"]) == 6 * 86400


def test_networks_of_a_domain(start, world):
    p = start(OUTBOUND="203.0.113.0/24 2001:db8:1::/48", KEYS=world.keys,
              SIGN="example.net", extra='domain "example.org" {\n'
              'networks = {"203.0.113.8/29"}\nlogins = {"alice"}\n'
              'key "s1" { file = "%s/example.org.key" }\n}\n' % world.keys)

    def signatures(author, **how):
        out = sent(p, author, **dict(dict(login=None), **how))
        return len(out.all("DKIM-Signature"))

    assert signatures("b@example.org", client="203.0.113.9") == 1
    assert signatures("b@example.org", client="203.0.113.99") == 0
    assert signatures("b@example.org", client="2001:db8:1::1") == 0
    assert signatures("b@example.org", client=STRANGER, login="alice") == 1
    assert signatures("b@example.org", client=STRANGER, login="bob") == 0
    assert signatures("b@example.net", client="2001:db8:1::1") == 1


def test_names_of_local_services(setting, world):
    p = setting('local-daemons = {"LOCAL"}\n', KEYS=world.keys)

    def kind(name):
        sent(p, login=None, client="127.0.0.1", port=0, queue_id="4" + name,
             macros={"daemon_name": name})
        return p.line("4" + name)["class"]

    assert (kind("LOCAL"), kind("OTHER")) == ("local", "inbound")


# -- DNS

@pytest.fixture
def odd(folder):
    d = odddns.OddDns(folder)
    yield d
    d.close()


ASKED = "udp a.example. TXT"


def zone(ttl):
    return {"a.example": {"TXT": {"ttl": ttl, "data": [
        "v=spf1 ip4:%s -all" % HOST]}}}


@pytest.mark.parametrize("ttl, extra, times", [
    (60, "", 1), (60, "dns-cache = 0\n", 3), (0, "", 3),
    (0, "dns-min-ttl = 1h\n", 1), (60, "dns-max-ttl = 0\n", 3)])
def test_how_long_answers_are_kept(start, odd, ttl, extra, times):
    odd.set(zone(ttl))
    p = start(DNS=odd.address, extra=extra)
    for _ in range(3):
        out = send(p, "b.example", sender="x@a.example")
        assert first(out, "spf").result == "pass"
    asked = odd.queries().count(ASKED)
    # Without any cache what MAIL began is asked again at the end.
    assert asked == times or "dns-cache = 0" in extra and asked >= times


def test_second_nameserver(start, odd):
    odd.set(zone(0))
    p = start(DNS="127.0.0.1@%d %s" % (free_port(), odd.address))
    out = send(p, "b.example", sender="x@a.example")
    assert first(out, "spf").result == "pass"


def test_budget_of_all_questions(start, odd):
    dead = {"d%d.example" % i: {"*": {"drop": True}} for i in range(9)}
    terms = " ".join("include:" + name for name in dead)
    odd.set(dict(dead, **{"a.example": {"TXT": ["v=spf1 %s -all" % terms]}}))
    p = start(DNS=odd.address, extra="dns-timeout = 1s\ndns-budget = 1s\n")
    began = time.monotonic()
    out = send(p, "b.example", sender="x@a.example")
    assert first(out, "spf").result == "temperror"
    assert time.monotonic() - began < 3


def test_special_names_are_not_asked(start, odd):
    odd.set({"a.test": {"TXT": ["v=spf1 +all"]}})
    p = start(DNS=odd.address, extra="dns-ask-special = no\n")
    out = send(p, "b.example", sender="x@a.test")
    assert first(out, "spf").result == "none"
    assert not [q for q in odd.queries() if "a.test" in q]


# -- DNSSEC

def signed_root(texts, changed):
    """Zone lines of a signed root with these TXT records (some changed after
    they were signed), and the trust anchor."""
    import dns.dnssec
    import dns.name
    import dns.rdatatype
    import dns.rrset
    from cryptography.hazmat.primitives.asymmetric import ec
    key = ec.generate_private_key(ec.SECP256R1())
    algorithm = dns.dnssec.Algorithm.ECDSAP256SHA256
    dnskey = dns.dnssec.make_dnskey(key.public_key(), algorithm, flags=257)
    records = [dns.rrset.from_rdata(dns.name.root, 300, dnskey)]
    records += [dns.rrset.from_text(name, 300, "IN", "TXT", nsd.txt(text))
                for name, text in texts.items()]
    lines = []
    for rrset in records:
        sig = dns.dnssec.sign(rrset, key, dns.name.root, dnskey,
                              lifetime=86400)
        name = rrset.name.to_text()
        text = rrset[0].to_text()
        if name in changed:
            text = nsd.txt(changed[name])
        lines += ["%s %s %s" % (name, dns.rdatatype.to_text(rrset.rdtype),
                                text), "%s RRSIG %s" % (name, sig.to_text())]
    return lines, ". DNSKEY %s\n" % dnskey.to_text()


def test_trust_anchor(start, folder):
    """A changed answer is an error, not an answer."""
    pytest.importorskip("cryptography")
    spf, dmarc = "v=spf1 ip4:%s -all" % HOST, "v=DMARC1; p=reject"
    lines, anchor = signed_root({
        "good.example.": spf, "_dmarc.good.example.": dmarc,
        "bogus.example.": spf, "_dmarc.bogus.example.": dmarc},
        {"_dmarc.bogus.example.": "v=DMARC1; p=none",
         "bogus.example.": "v=spf1 +all"})
    server = nsd.Nsd(folder + "/nsd", {".": lines})
    path = folder + "/anchor"
    with open(path, "w") as f:
        f.write(anchor)
    try:
        p = start(DNS=server.address)
        assert send(p, "bogus.example", STRANGER).accepted
        p = start(DNS=server.address,
                  extra='dns-trust-anchor = "%s"\n' % path)
        out = send(p, "good.example", HOST)
        assert out.accepted, out
        assert authres.one(authres.of(out), "dmarc").result == "pass"
        assert first(out, "spf").result == "pass"
        assert agrees(send(p, "good.example", STRANGER), REFUSED)
        out = send(p, "bogus.example", STRANGER)
        assert (out.word, out.final.code) == ("tempfail", 451), out
    finally:
        server.close()
