# SPDX-License-Identifier: BSD-2-Clause
"""Messages with infected parts, and what is left of them.

build() makes a multipart message out of parts that are written byte for byte,
so that a test can say which bytes must stay.
"""
import base64
import email
import email.policy
import io
import quopri
import zipfile

from sigdb import EICAR

HEAD = ("From: Ann <ann@good.example>\r\nTo: user@example.org\r\n"
        "Subject: a test\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n"
        "Message-ID: <1@test.example>\r\nMIME-Version: 1.0\r\n")
TEXT = (b"Content-Type: text/plain; charset=us-ascii\r\n\r\n"
        b"The text, with trailing blanks  \r\n")
HARMLESS = (b"Content-Type: application/octet-stream; name=\"a.bin\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment; filename=\"a.bin\"\r\n\r\n"
            b"aGFybWxl\r\nc3M=")


def b64(data):
    return base64.encodebytes(data).rstrip(b"\n").replace(b"\n", b"\r\n")


def zipped(*members, **how):
    """A zip of (name, bytes) pairs."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how.get("method",
                                           zipfile.ZIP_DEFLATED)) as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()


def part(data, name="eicar.com", ctype="application/octet-stream",
         encoding="base64", disposition="attachment", head=""):
    """One part with its header; name None: without any."""
    lines = ["Content-Type: " + ctype]
    if encoding:
        lines.append("Content-Transfer-Encoding: " + encoding)
    if disposition:
        lines.append("Content-Disposition: " + disposition +
                     ('; filename="%s"' % name if name else ""))
    coded = {"base64": b64,
             "quoted-printable": lambda d: quopri.encodestring(
                 d, quotetabs=True).replace(b"\n", b"\r\n").replace(
                     b"$", b"=24")}.get(encoding, lambda d: d)(data)
    return ("\r\n".join(lines) + "\r\n" + head + "\r\n").encode() + coded


def build(*parts, kind="mixed", boundary="=_b1", head=HEAD, extra=""):
    """A multipart message of parts as bytes."""
    out = (head + "Content-Type: multipart/%s; boundary=\"%s\"%s\r\n\r\n"
           "preamble\r\n" % (kind, boundary, extra)).encode()
    for p in parts:
        out += b"--" + boundary.encode() + b"\r\n" + p + b"\r\n"
    return out + b"--" + boundary.encode() + b"--\r\n"


def single(data, name="eicar.com", **how):
    """A message that is nothing but this part."""
    return HEAD.encode() + part(data, name, **how) + b"\r\n"


def leaves(raw):
    """(type, file name, decoded content) of each leaf, by an independent
    parser; attached messages are gone into."""
    msg = email.message_from_bytes(raw, policy=email.policy.default)
    return [(p.get_content_type(), p.get_filename(),
             p.get_payload(decode=True)) for p in msg.walk()
            if not p.is_multipart()]


def infected(raw):
    """Is EICAR still in some leaf, or in a zip there?"""
    def has(data, depth=0):
        if EICAR in data:
            return True
        if data[:2] == b"PK" and depth < 4:
            with zipfile.ZipFile(io.BytesIO(data)) as z:
                return any(has(z.read(n), depth + 1) for n in z.namelist())
        return False

    return any(has(data or b"") for _, _, data in leaves(raw))


def notices(raw):
    """The texts that stand in place of parts."""
    return [data.decode() for ctype, _, data in leaves(raw)
            if ctype == "text/plain" and data and b"removed" in data]


def changed(before, after):
    """The bytes of `before` and of `after` between what both begin and end
    with: all that was changed, if it was changed in one place."""
    n = 0
    while n < min(len(before), len(after)) and before[n] == after[n]:
        n += 1
    m = 0
    while m < min(len(before), len(after)) - n and \
            before[-1 - m] == after[-1 - m]:
        m += 1
    return before[n:len(before) - m], after[n:len(after) - m]
