# SPDX-License-Identifier: BSD-2-Clause
"""Infected parts in every form that mail knows: each is found and taken out,
and nothing else is touched."""
import base64
import email
import email.policy
import glob
import os

import pytest

import infected
from infected import (EICAR, HARMLESS, HEAD, TEXT, build, part, single,
                      zipped)
from scanflow import submit
from sigdb import MAIL, ONE, TESTFILES

ZIP = zipped(("eicar.com", EICAR))


def stripped(postern, raw, parts=1, **how):
    """Delivered without what was infected; returns the message."""
    out, line = submit(postern, raw, **how)
    assert out.accepted, (out, line)
    got = out.message()
    assert not infected.infected(got), line
    assert line["scan"] == "found" and line["stripped"] == str(parts), line
    assert out.all("X-Postern-Ref") == [line["ref"]]
    assert any("action=strip" in v for v in out.all("X-Postern-Scan"))
    assert len(infected.notices(got)) == parts
    assert all(line["ref"] in n for n in infected.notices(got))
    return got


def inside(message):
    """A message as an attachment."""
    return b"Content-Type: message/rfc822\r\n\r\n" + message


def uuencoded(data, name="eicar.com"):
    import binascii
    lines = [binascii.b2a_uu(data[i:i + 45]) for i in range(0, len(data), 45)]
    return (b"begin 644 " + name.encode() + b"\n" + b"".join(lines) +
            b"`\nend\n").replace(b"\n", b"\r\n")


def yenc(data, name="eicar.com"):
    out = bytearray()
    for c in data:
        c = (c + 42) % 256
        if c in (0, 10, 13, 61):
            out += bytes((61, (c + 64) % 256))
        else:
            out.append(c)
    return (b"=ybegin line=128 size=%d name=%s\r\n" %
            (len(data), name.encode()) + bytes(out) +
            b"\r\n=yend size=%d\r\n" % len(data))


FORMS = {
    "base64": build(TEXT, part(EICAR), HARMLESS),
    "quoted-printable": build(TEXT, part(EICAR, encoding="quoted-printable"),
                              HARMLESS),
    "7bit": build(TEXT, part(EICAR, encoding="7bit"), HARMLESS),
    "no-encoding": build(TEXT, part(EICAR, encoding=None), HARMLESS),
    "unknown-encoding": build(TEXT, part(EICAR, encoding="x-none"), HARMLESS),
    "zip": build(TEXT, part(ZIP, "e.zip", "application/zip"), HARMLESS),
    "zip-in-zip": build(TEXT, part(zipped(("a.zip", ZIP)), "e.zip",
                                   "application/zip"), HARMLESS),
    "stored-zip": build(TEXT, part(zipped(("e.com", EICAR), method=0),
                                   "e.zip", "application/zip"), HARMLESS),
    "zip-in-message": build(TEXT, inside(build(TEXT, part(ZIP, "e.zip"))),
                            HARMLESS),
    "in-message": build(TEXT, inside(single(EICAR)), HARMLESS),
    "in-message-in-message": build(TEXT, inside(build(TEXT, inside(
        build(TEXT, part(EICAR))))), HARMLESS),
    "wrong-type": build(TEXT, part(EICAR, "p.png", "image/png"), HARMLESS),
    "wrong-type-zip": build(TEXT, part(ZIP, "a.txt", "text/plain"), HARMLESS),
    "no-name": build(TEXT, part(EICAR, None), HARMLESS),
    "no-type": build(TEXT, b"Content-Disposition: attachment; "
                     b"filename=e.com\r\n\r\n" + EICAR, HARMLESS),
    "truncated-base64": build(TEXT, part(EICAR)[:-1], HARMLESS),
    "base64-with-garbage": build(TEXT, part(b"", "e.com") + b"!*\r\n".join(
        [base64.b64encode(EICAR)[i:i + 20] for i in range(0, 92, 20)]),
        HARMLESS),
    "nested-multipart": build(TEXT, b"Content-Type: multipart/mixed; "
                              b"boundary=i\r\n\r\n--i\r\n" + part(EICAR) +
                              b"\r\n--i--\r\n", HARMLESS),
    "8bit-text": build(TEXT.replace(b"text,", b"t\xe9xt,"), part(EICAR),
                       HARMLESS),
    "no-closing-boundary": build(TEXT, HARMLESS, part(EICAR))[:-9],
    "uuencode": HEAD.encode() + b"\r\nText before\r\n" + uuencoded(EICAR) +
    b"Text behind\r\n",
    "uuencoded-zip": build(TEXT + uuencoded(ZIP, "e.zip"), HARMLESS),
    "yenc": build(TEXT + yenc(EICAR), HARMLESS),
}


@pytest.mark.parametrize("form", FORMS)
def test_forms(scanning, form):
    raw = FORMS[form]
    got = stripped(scanning, raw)
    assert b", with trailing blanks  \r\n" in got or \
        b"Text before\r\n" in got
    if b"harmless" in raw or HARMLESS in raw:
        assert HARMLESS in got
    if form.startswith("uu"):
        assert b"\nbegin 644" not in got


@pytest.mark.parametrize("form", ["base64", "zip", "in-message", "no-type",
                                  "nested-multipart", "wrong-type"])
def test_only_the_part_changes(scanning, form):
    """What was changed is one range, and it lies inside of the part."""
    raw = FORMS[form]
    got = stripped(scanning, raw)
    before = raw.partition(b"\r\n\r\n")[2]
    after = got.partition(b"\r\n\r\n")[2]
    was, now = infected.changed(before, after)
    assert TEXT not in was and HARMLESS not in was
    assert b"boundary" not in was and b"--=_b1" not in was
    assert b"quoted-printable" in now


NAMES = {
    "filename=eicar.com": "eicar.com",
    'filename="two words.com"': "two words.com",
    "filename*=utf-8''%C3%BCber%20alles.com": "über alles.com",
    "filename*=iso-8859-1'en'%FCber.com": "über.com",
    "filename*0=\"ei\"; filename*1=\"car.com\"": "eicar.com",
    "filename*0*=utf-8''%C3%BC; filename*1*=ber; filename*2=\".com\"":
        "über.com",
    'filename="=?utf-8?B?w7xiZXIuY29t?="': "über.com",
    'filename="=?iso-8859-1?Q?=FCber.com?="': "über.com",
    'filename="../../etc/eicar.com"': "eicar.com",
    'filename="C:\\\\dir\\\\eicar.com"': "eicar.com",
}


@pytest.mark.parametrize("form", NAMES)
def test_names(scanning, form):
    """The name reaches log, notice and event as a reader would show it."""
    p = (b"Content-Type: application/octet-stream\r\n"
         b"Content-Transfer-Encoding: base64\r\n"
         b"Content-Disposition: attachment; " + form.encode() + b"\r\n\r\n" +
         infected.b64(EICAR))
    out, line = submit(scanning, build(TEXT, p))
    assert out.accepted and not infected.infected(out.message())
    assert line["find"].endswith(":strip:" + NAMES[form]), line
    assert NAMES[form] in infected.notices(out.message())[0]


def test_two_of_five(scanning):
    got = stripped(scanning, build(
        TEXT, part(EICAR, "1.com"), HARMLESS, part(ZIP, "2.zip"), HARMLESS),
        parts=2)
    assert got.count(HARMLESS) == 2 and TEXT in got
    assert len(infected.leaves(got)) == 5


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "7bit"])
def test_the_only_part(scanning, encoding):
    """The message's own fields change, its other fields stay."""
    raw = single(EICAR, encoding=encoding,
                 head="X-Mailer: one\r\nContent-ID: <a@b>\r\n")
    got = stripped(scanning, raw)
    msg = email.message_from_bytes(got, policy=email.policy.default)
    assert msg.get_content_type() == "text/plain"
    assert msg["X-Mailer"] == "one" and msg["Subject"] == "a test"
    assert len(msg.get_all("Content-Type")) == 1
    assert len(msg.get_all("Content-Transfer-Encoding")) == 1
    assert msg["Content-ID"] is None


def test_the_only_part_of_an_attached_message(scanning):
    got = stripped(scanning, build(TEXT, inside(single(EICAR)), HARMLESS))
    msg = email.message_from_bytes(got, policy=email.policy.default)
    inner = list(msg.iter_attachments())[0].get_content()
    assert inner["Subject"] == "a test"
    assert inner.get_content_type() == "text/plain"


def test_image_of_a_related_part(scanning):
    html = (b"Content-Type: text/html; charset=utf-8\r\n\r\n"
            b"<p>See <img src=\"cid:i@x\"></p>\r\n")
    image = part(EICAR, "i.png", "image/png", disposition="inline",
                 head="Content-ID: <i@x>\r\n")
    got = stripped(scanning, build(html, image, kind="related"))
    assert html in got
    assert [t for t, _, _ in infected.leaves(got)] == ["text/html",
                                                       "text/plain"]


def test_no_boundary(scanning):
    """Whatever a reader makes of it, it does not pass."""
    raw = HEAD.encode() + b"Content-Type: multipart/mixed\r\n\r\n--x\r\n" + \
        part(EICAR) + b"\r\n--x--\r\n"
    out, line = submit(scanning, raw)
    assert out.word == "reject" or not infected.infected(out.message()), line
    assert "malformed" in scanning.log()


def test_two_boundaries(scanning):
    raw = build(TEXT, part(EICAR), extra="; boundary=\"other\"")
    out, line = submit(scanning, raw)
    assert out.word == "reject" or not infected.infected(out.message()), line


@pytest.mark.parametrize("text", [EICAR, b"Look: " + ONE],
                         ids=["eicar", "inside"])
@pytest.mark.parametrize("ctype", ["text/plain", "text/html"])
def test_in_the_text(scanning, text, ctype):
    """A text cannot go; the message is refused with a reason."""
    raw = HEAD.encode() + b"Content-Type: " + ctype.encode() + \
        b"\r\n\r\n" + text + b"\r\n"
    out, line = submit(scanning, raw)
    assert out.word == "reject", line
    assert out.final.code == 554 and out.final.enhanced == "5.7.1"
    assert line["ref"] in out.final.line


def test_only_in_the_whole_message(scanning):
    raw = build(TEXT, HARMLESS).replace(b"a test", MAIL)
    out, line = submit(scanning, raw)
    assert out.word == "reject" and "Postern.Test.Mail" in line["why"], line


@pytest.mark.parametrize("path", sorted(glob.glob(TESTFILES + "/*")) or [""],
                         ids=os.path.basename)
def test_clamav_testfiles(scanning, path):
    with open(path, "rb") as f:
        data = f.read()
    name = os.path.basename(path)
    out, line = submit(scanning, build(TEXT, part(data, name), HARMLESS))
    assert out.accepted and line["stripped"] == "1", line
    assert "ClamAV-Test-File" in line["find"]
    assert name not in [n for _, n, _ in infected.leaves(out.message())]
    assert HARMLESS in out.message()


def test_clean_mail_is_untouched(scanning):
    for raw in (build(TEXT, HARMLESS), single(b"nothing"),
                HEAD.encode() + b"\r\nHello\r\n", HEAD.encode() + b"\r\n"):
        out, line = submit(scanning, raw)
        assert out.accepted and line["scan"] == "clean", line
        assert not any(w == "replbody" for w, _ in out.edits)
        assert out.all("X-Postern-Scan") == out.all("X-Postern-Ref") == []


SEALED = {
    "smime-signed": build(
        TEXT, part(b"\x30\x80signature", "smime.p7s",
                   "application/pkcs7-signature"), kind="signed",
        extra="; protocol=\"application/pkcs7-signature\"; micalg=sha-256"),
    "smime-opaque": single(b"\x30\x80" + b"x" * 300, "smime.p7m",
                           ctype="application/pkcs7-mime; "
                                 "smime-type=enveloped-data"),
    "pgp-mime": build(
        b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n",
        b"Content-Type: application/octet-stream\r\n\r\n"
        b"-----BEGIN PGP MESSAGE-----\r\n\r\nabcd\r\n"
        b"-----END PGP MESSAGE-----\r\n", kind="encrypted",
        extra="; protocol=\"application/pgp-encrypted\""),
    "pgp-text": HEAD.encode() + b"\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n"
                b"Hash: SHA256\r\n\r\nHello  \r\n"
                b"-----BEGIN PGP SIGNATURE-----\r\n\r\nabc\r\n"
                b"-----END PGP SIGNATURE-----\r\n",
}


@pytest.mark.parametrize("form", SEALED)
def test_sealed_mail_is_untouched(scanning, form):
    out, line = submit(scanning, SEALED[form])
    assert out.accepted, line
    assert not any(w == "replbody" for w, _ in out.edits)
    assert out.message().partition(b"\r\n\r\n")[2] == \
        SEALED[form].partition(b"\r\n\r\n")[2]


def test_forged_marks_are_removed(scanning):
    raw = build(TEXT, HARMLESS, head="X-Postern-Ref: forged\r\n"
                "X-Postern-Scan: clean\r\n" + HEAD)
    out, _ = submit(scanning, raw)
    assert out.all("X-Postern-Scan") == out.all("X-Postern-Ref") == []


def test_hostile_names_stay_in_their_place(scanning):
    """Nothing of a file name can forge a log line, a field or a reply."""
    name = "a\\\"b\t;action=none\x1b[31m=0d=0a" + "x" * 500 + ".com"
    p = part(EICAR, None).replace(
        b"Content-Disposition: attachment",
        b"Content-Disposition: attachment; filename*=utf-8''a%0d%0aX-Evil:"
        b"%201%e2%80%ae" + base64.b64encode(name.encode()) + b".com")
    out, line = submit(scanning, build(TEXT, p))
    assert out.accepted and out.all("X-Evil") == [], line
    got = out.message()
    assert not infected.infected(got)
    assert b"X-Evil: 1" not in got.partition(b"\r\n\r\n")[0].replace(
        b"\r\n\t", b"").split(b"\r\n")[1:]
    assert "\u202e" not in infected.notices(got)[0]
