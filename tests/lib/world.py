# SPDX-License-Identifier: BSD-2-Clause
"""The domains that flow tests talk about: their keys, zones and messages.

Ours are example.org (RSA) and example.net (Ed25519).  192.0.2.10 is the mail
host of all foreign domains; 198.51.100.66 is nobody's.
"""
import os

import keys
import nsd

HOST = "192.0.2.10"         # may send for every foreign domain
STRANGER = "198.51.100.66"  # may send for none
OURS = ("example.org", "example.net")

# What each foreign domain publishes at _dmarc.
DMARC = {
    "good.example": "v=DMARC1; p=reject; rua=mailto:r@good.example",
    "quar.example": "v=DMARC1; p=quarantine",
    "none.example": "v=DMARC1; p=none",
    "strict.example": "v=DMARC1; p=reject; adkim=s; aspf=s",
    "testing.example": "v=DMARC1; p=reject; t=y",
    "sub.example": "v=DMARC1; p=none; sp=reject; np=quarantine",
    "xn--mnchen-3ya.example": "v=DMARC1; p=reject",
    "evil.example": None,
    "plain.example": None,
    "tempkey.example": "v=DMARC1; p=reject",
}
# The zone files of these do not exist, so that nsd answers SERVFAIL.
BROKEN = "broken.example"
BROKEN_KEYS = "_domainkey.tempkey.example"


class World:
    def __init__(self, directory):
        self.dir = str(directory)
        self.keys = self.dir + "/keys"
        self.foreign = self.dir + "/foreign"
        os.makedirs(self.keys)
        os.makedirs(self.foreign)
        self.records = {}       # TXT of DKIM keys, for independent judges
        zones = {".": [], "example": [], "com": [], "org": [], "net": [],
                 "2.0.192.in-addr.arpa": ["10 PTR client.example."],
                 "client.example": ["@ A " + HOST,
                                    ("@", "v=spf1 a -all")],
                 BROKEN: None, BROKEN_KEYS: None}
        self.make_ours(zones)
        for domain, policy in DMARC.items():
            zones[domain] = self.make_foreign(domain, policy)
        self.dns = nsd.Nsd(self.dir + "/nsd", zones)

    def key_record(self, domain, selector, path):
        text = keys.record(path)
        self.records["%s._domainkey.%s" % (selector, domain)] = text
        return ("%s._domainkey" % selector, text)

    def make_ours(self, zones):
        for domain, kind in zip(OURS, ("rsa", "ed25519")):
            path = keys.make("%s/%s.key" % (self.keys, domain), kind)
            zones[domain] = [
                "@ A 203.0.113.1", ("@", "v=spf1 ip4:203.0.113.1 -all"),
                ("_dmarc", "v=DMARC1; p=reject"),
                self.key_record(domain, "s1", path)]

    def make_foreign(self, domain, policy):
        rsa = keys.make(self.key(domain))
        ed = keys.make(self.key(domain, "s2"), "ed25519")
        lines = ["@ A " + HOST, "mail A " + HOST,
                 ("@", "v=spf1 ip4:%s ip6:2001:db8::10 -all" % HOST),
                 ("mail", "v=spf1 a -all")]
        if "_domainkey." + domain != BROKEN_KEYS:
            lines += [self.key_record(domain, "s1", rsa),
                      self.key_record(domain, "s2", ed)]
        if policy:
            lines.append(("_dmarc", policy))
        return lines

    def key(self, domain, selector="s1"):
        return "%s/%s.%s.pem" % (self.foreign, domain, selector)

    def signed(self, raw, domain, selector="s1", **how):
        return keys.sign(raw, self.key(domain, selector), domain, selector,
                         **how)

    def verify(self, raw):
        return keys.verify(raw, self.records)

    def close(self):
        self.dns.close()


def mail(author="Ann <ann@good.example>", subject="a test", body="Hello.\r\n",
         to="user@example.org", head="", date=True):
    """A small message; author None: no From; head: more fields, CRLF."""
    out = []
    if author is not None:
        authors = [author] if isinstance(author, str) else author
        out += ["From: " + a for a in authors]
    out += ["To: " + to, "Subject: " + subject]
    if date:
        out.append("Date: Sat, 21 Nov 2026 10:00:00 +0000")
    out.append("Message-ID: <%d@test.example>" % abs(hash((author and
               str(author), subject, body))))
    text = "\r\n".join(out) + "\r\n" + head + "\r\n" + body
    return text.encode("utf-8", "surrogateescape")
