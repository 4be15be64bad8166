# SPDX-License-Identifier: BSD-2-Clause
"""DKIM keys for tests: PEM files, their DNS records, and signing.

Keys are made by openssl; signatures on test mail are made by python3-dkim, so
that nothing of postern judges itself.
"""
import base64
import os
import subprocess

import dkim


def make(path, algorithm="rsa", bits=2048):
    """Writes a private key in PEM."""
    cmd = ["openssl", "genpkey", "-algorithm",
           "ed25519" if algorithm == "ed25519" else "RSA"]
    if algorithm == "rsa":
        cmd += ["-pkeyopt", "rsa_keygen_bits:%d" % bits]
    subprocess.run(cmd + ["-out", path], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.chmod(path, 0o600)
    return path


def _der(path, *args):
    return subprocess.run(["openssl", "pkey", "-in", path, *args,
                           "-outform", "DER"], check=True,
                          stdout=subprocess.PIPE).stdout


def is_ed25519(path):
    return len(_der(path)) < 100


def record(path, extra=""):
    """The TXT record's text for a key."""
    public = _der(path, "-pubout")
    if is_ed25519(path):
        public = public[-32:]       # RFC 8463: the bare key
        kind = "ed25519"
    else:
        kind = "rsa"
    return "v=DKIM1; k=%s; %sp=%s" % (kind, extra,
                                      base64.b64encode(public).decode())


def sign(raw, path, domain, selector="s1", **how):
    """raw with a DKIM-Signature on top, by python3-dkim."""
    raw = raw if isinstance(raw, bytes) else raw.encode()
    raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    if is_ed25519(path):
        key = base64.b64encode(_der(path)[-32:])
        how["signature_algorithm"] = b"ed25519-sha256"
    else:
        with open(path, "rb") as f:
            key = f.read()
    how.setdefault("include_headers", [b"from", b"to", b"subject", b"date",
                                       b"message-id"])
    how.setdefault("canonicalize", (b"relaxed", b"relaxed"))
    head = dkim.sign(raw, selector.encode(), domain.encode(), key, **how)
    return head + raw


def verify(raw, records):
    """
    Each DKIM-Signature of raw, judged by python3-dkim with these TXT records
    {name: text}: a list of (d=, s=, a=, True or the reason).
    """
    def txt(name, timeout=5):
        return records.get(name.decode().rstrip("."), "").encode() or None

    out = []
    judge = dkim.DKIM(raw)
    count = sum(1 for n, _ in judge.headers if n.lower() == b"dkim-signature")
    for i in range(count):
        judge = dkim.DKIM(raw)
        try:
            ok = judge.verify(idx=i, dnsfunc=txt)
        except dkim.DKIMException as e:
            ok = str(e)
        tags = {k.decode(): v.decode()
                for k, v in (judge.signature_fields or {}).items()}
        out.append((tags.get("d"), tags.get("s"), tags.get("a"),
                    ok or "the signature does not verify"))
    return out
