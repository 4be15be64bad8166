# SPDX-License-Identifier: BSD-2-Clause
"""Infected parts written so that some mail readers decode them and a careless
scanner does not; and what may not be refused is not."""
import base64
import binascii

import pytest

from infected import EICAR, HARMLESS, TEXT, build, part
from scanflow import submit
from test_virus import stripped
from world import HOST

B64 = base64.b64encode(EICAR)
PLAIN = b"Content-Type: text/plain\r\n\r\n"


def uuencoded(begin):
    lines = [binascii.b2a_uu(EICAR[i:i + 45]).rstrip(b"\n")
             for i in range(0, len(EICAR), 45)]
    return b"\r\n".join([begin] + lines + [b"`", b"end", b""])


@pytest.mark.parametrize("at", [1, 2, 3, 41, 42, 43, 90])
def test_an_equals_sign_inside_of_base64(scanning, at):
    """For some readers a '=' ends a group, others skip it."""
    p = part(b"") + B64[:at] + b"=" + B64[at:]
    stripped(scanning, build(TEXT, p, HARMLESS))


def test_equals_signs_all_over(scanning):
    p = part(b"") + b"=\r\n".join(B64[i:i + 21]
                                 for i in range(0, len(B64), 21))
    out, line = submit(scanning, build(TEXT, p, HARMLESS))
    assert out.accepted and line["stripped"] == "1", line
    assert line["find"].count("virus:") == 1


def test_padding_and_a_footer_are_clean(scanning):
    """What lists append to base64 is no find."""
    p = part(b"harmless") + b"\r\n-- \r\nthe list's footer\r\n"
    out, line = submit(scanning, build(TEXT, p))
    assert out.accepted and line["scan"] == "clean", line


@pytest.mark.parametrize("begin", [
    b"begin 6 eicar.com", b"begin 00644 eicar.com", b"begin\t644 eicar.com",
    b"begin 644\teicar.com", b"begin  644  eicar.com"])
def test_begin_lines_of_uuencode(scanning, begin):
    got = stripped(scanning, build(TEXT, PLAIN + uuencoded(begin)))
    assert begin not in got


def test_a_sentence_is_no_uuencode(scanning):
    text = b"begin 5 minutes later\r\nand bring all you need\r\nend\r\n"
    out, line = submit(scanning, build(PLAIN + text))
    assert out.accepted and line["scan"] == "clean", line
    assert text in out.message()


@pytest.mark.parametrize("settings, how, word", [
    ("", {}, "reject"),
    ("", {"client": "127.0.0.1", "port": 0, "name": "localhost"}, "discard"),
    ("relay-networks = { \"%s\" }\n" % HOST, {}, "discard"),
], ids=["inbound", "local", "relay"])
def test_grown_past_the_limit(start, signatures, settings, how, word):
    """A refusal would loop, or bounce to who did not write."""
    raw = build(TEXT, part(EICAR), HARMLESS)
    p = start(extra="mta-size-limit = %d\n%s" % (len(raw) + 100, settings),
              EICAR_DB=signatures, ENFORCE="monitor")
    out, line = submit(p, raw, **how)
    assert out.word == word, line
