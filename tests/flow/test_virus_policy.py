# SPDX-License-Identifier: BSD-2-Clause
"""What becomes of a message in which something was found: policies by class
and domain, quarantine, journal, hold, signatures."""
import glob
import json
import os
import subprocess

import pytest

import infected
from infected import EICAR, HARMLESS, HEAD, TEXT, build, part, zipped
from scanflow import LOCAL, ctl, events, submit
from sigdb import HEURISTIC, PUA
from tools import wait_for
from world import HOST

RAW = build(TEXT, part(EICAR), HARMLESS)
BODY = HEAD.encode() + b"\r\n" + EICAR + b"\r\n"
SIGNED = build(TEXT, part(EICAR, "x.com"), kind="signed",
               extra="; protocol=\"application/pgp-signature\"; "
                     "micalg=pgp-sha256")
OURS = HEAD.replace("ann@good.example", "ann@example.org")


@pytest.fixture
def scan(start, signatures):
    """scan(text): a scanning postern with these settings."""
    return lambda extra="", **how: start(
        extra=extra, EICAR_DB=signatures, ENFORCE="monitor", **how)


# -- by class

def test_outbound_is_refused(scanning):
    out, line = submit(scanning, RAW, login="ann", sender="ann@example.org")
    assert out.word == "reject" and out.final.code == 554, line
    assert "eicar.com" in out.final.line
    assert events(scanning.run + "/journal")[-1]["action"] == "reject"


def test_local_is_stripped(scanning):
    out, line = submit(scanning, RAW, **LOCAL)
    assert out.accepted and not infected.infected(out.message()), line


def test_local_text_is_discarded(scanning):
    """It cannot be refused; the quarantine has it whole."""
    out, line = submit(scanning, BODY, **LOCAL)
    assert out.word == "discard", line
    got = ctl(scanning, "quarantine", "export", line["ref"] + "-0", "--raw")
    assert EICAR in got.stdout, got.stderr
    assert events(scanning.run + "/journal")[-1]["action"] == "discard"


def test_relay(scan):
    p = scan("relay-networks = { \"192.0.2.0/24\" }\n")
    out, line = submit(p, RAW)
    assert out.accepted and not infected.infected(out.message()), line
    out, line = submit(p, BODY)
    assert out.word == "discard" and line["class"] == "relay", line


@pytest.mark.parametrize("choice,word", [
    ("strip", "accept"), ("reject", "reject"), ("hold", "accept"),
    ("discard", "discard"), ("monitor", "accept")])
def test_inbound_choices(scan, choice, word):
    p = scan("virus = %s\n" % choice)
    out, line = submit(p, RAW)
    assert out.word == word and line["scan-action"] == choice, line
    if word == "accept":
        assert infected.infected(out.message()) == (choice == "monitor")
        assert (out.quarantine is not None) == (choice == "hold")
        assert any("action=" + choice in v
                   for v in out.all("X-Postern-Scan"))


def test_domain_over_default(scan):
    p = scan("virus = strip\ndomain \"example.org\" { virus = reject }\n")
    out, _ = submit(p, RAW, rcpts=["user@example.org"])
    assert out.word == "reject"
    out, _ = submit(p, RAW, rcpts=["user@example.net"])
    assert out.accepted and not infected.infected(out.message())
    out, line = submit(p, RAW, rcpts=["a@example.net", "user@example.org"])
    assert [r.line[:9] for r in out.rcpt_replies][1] == "452 4.5.3"
    assert out.accepted, line


def test_split_recipients_by_the_strictest(scan):
    p = scan("split-recipients = strictest\nvirus = monitor\n"
             "domain \"example.org\" { virus = discard }\n")
    out, line = submit(p, RAW, rcpts=["a@example.net", "user@example.org"])
    assert out.word == "reject", line


def test_postmaster_gets_it_stripped(scan):
    p = scan("virus = reject\n")
    out, line = submit(p, RAW, rcpts=["postmaster@example.org"])
    assert out.accepted and not infected.infected(out.message()), line
    out, line = submit(p, BODY, rcpts=["abuse@example.org"])
    assert out.accepted and EICAR not in out.message(), line


# -- messages signed by their author

@pytest.mark.parametrize("choice", ["hold", "reject", "discard", "strip"])
def test_signed(scan, choice):
    p = scan("" if choice == "hold" else "virus-signed = %s\n" % choice)
    out, line = submit(p, SIGNED)
    assert line["scan-action"] == choice, line
    if choice in ("hold", "strip"):
        assert out.accepted and not infected.infected(out.message())
        assert TEXT in out.message()
    if choice == "hold":
        assert out.quarantine is not None
        listed = json.loads(ctl(p, "quarantine", "list", "--json").stdout)
        assert {e["kind"] for e in listed} == {"whole", "virus"}


# -- what is no virus

def test_heuristics_are_marked(scanning):
    for text in (PUA, HEURISTIC):
        out, line = submit(scanning, build(TEXT, part(text, "a.txt")))
        assert out.accepted and line["scan-action"] == "mark", line
        assert out.message().endswith(RAW[-8:])
        assert out.all("X-Postern-Scan")[0].startswith("heuristic")


def encrypted_zip():
    """The encryption bit in both headers is enough."""
    data = bytearray(zipped(("a.txt", b"secret" * 20)))
    at = data.index(b"PK\x01\x02")
    data[6] |= 1
    data[at + 8] |= 1
    return bytes(data)


@pytest.mark.parametrize("choice,word", [
    ("mark", "accept"), ("strip", "accept"), ("reject", "reject"),
    ("hold", "accept")])
def test_unscannable(scan, choice, word):
    p = scan("unscannable = %s\n" % choice)
    raw = build(TEXT, part(encrypted_zip(), "a.zip"), HARMLESS)
    out, line = submit(p, raw)
    assert out.word == word and line["scan-action"] == choice, line
    assert line["find"].startswith("unscanned:")
    if choice == "strip":
        assert "stripped" in line and infected.notices(out.message())
    elif word == "accept":
        assert not any(w == "replbody" for w, _ in out.edits)
        assert (out.quarantine is not None) == (choice == "hold")


@pytest.mark.parametrize("name,data", [
    ("run.EXE", b"harmless"), ("a.exe.", b"harmless"), ("a.exe ", b"x" * 9),
    ("a.zip", zipped(("x/setup.exe", b"harmless"))),
    ("a.zip", zipped(("a.txt", b"h"), ("b.JS", b"harmless")))])
def test_block_names(scan, name, data):
    p = scan("block-names = { \"exe\", \"js\" }\n")
    out, line = submit(p, build(TEXT, part(data, name), HARMLESS))
    assert out.accepted and line["scan-action"] == "strip", line
    assert name not in [n for _, n, _ in infected.leaves(out.message())]
    assert HARMLESS in out.message()
    out, line = submit(p, build(TEXT, part(data, "a.pdf")
                                if data[:2] != b"PK" else HARMLESS))
    assert out.accepted and line["scan"] == "clean", line


@pytest.mark.parametrize("choice,word", [("mark", "accept"),
                                         ("reject", "reject"),
                                         ("accept", "accept")])
def test_malformed(scan, choice, word):
    p = scan("malformed = %s\n" % choice)
    out, line = submit(p, build(TEXT, HARMLESS, extra="; boundary=x"))
    assert out.word == word and line["find"].startswith("malformed"), line
    assert bool(out.all("X-Postern-Scan")) == (choice == "mark")


def many_parts(n):
    return build(*[b"\r\nx"] * n)


def nested(n):
    out = HEAD + "Content-Type: multipart/mixed; boundary=b0\r\n\r\n"
    for i in range(1, n):
        out += ("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n"
                "\r\n" % (i - 1, i))
    return out.encode() + part(EICAR)


@pytest.mark.parametrize("raw", [many_parts(100000), nested(5000),
                                 many_parts(2000), nested(100)],
                         ids=["100000 parts", "5000 levels", "2000 parts",
                              "100 levels"])
def test_mime_limits(scanning, raw):
    out, line = submit(scanning, raw)
    assert out.word == "reject" and "limit" in line["why"], line


def test_large_header(scanning):
    raw = (HEAD + "X-Long: " + "\r\n ".join(["x" * 900] * 1100)).encode() + \
        b"\r\nMIME-Version: 1.0\r\n" + \
        build(TEXT, part(EICAR), head="")
    out, line = submit(scanning, raw)
    assert out.accepted and not infected.infected(out.message()), line


# -- what is kept

def test_quarantine_and_event(scanning):
    before = len(events(scanning.run + "/journal"))
    raw = build(TEXT, part(EICAR, "über.com"), HARMLESS,
                head=HEAD.replace("a test", "=?utf-8?q?gr=C3=BC=C3=9Fe?="))
    out, line = submit(scanning, raw, rcpts=["user@example.org",
                                             "two@example.org"])
    assert out.accepted
    event, = events(scanning.run + "/journal")[before:]
    assert event["type"] == "virus" and event["id"] == line["event"]
    assert event["reference"] == line["ref"] and event["qid"] == line["qid"]
    assert event["to"] == ["user@example.org", "two@example.org"]
    assert event["tenant"] == "example.org" and event["action"] == "strip"
    find, = event["finds"]
    assert find["kind"] == "virus" and "Eicar" in find["name"]
    assert find["size"] == len(EICAR) and len(find["sha256"]) == 64
    got = ctl(scanning, "quarantine", "export", line["ref"] + "-1")
    assert got.stdout == EICAR, got.stderr
    raw_part = ctl(scanning, "quarantine", "export", line["ref"] + "-1",
                   "--raw").stdout
    assert raw_part in raw and infected.b64(EICAR) in raw_part
    # Nothing of it can be read without the secret key.
    for path in glob.glob(scanning.run + "/quarantine/*.sealed"):
        with open(path, "rb") as f:
            data = f.read()
        assert EICAR not in data and infected.b64(EICAR) not in data


def test_clean_mail_leaves_no_event(scanning):
    before = len(events(scanning.run + "/journal"))
    assert submit(scanning, build(TEXT, HARMLESS))[0].accepted
    assert len(events(scanning.run + "/journal")) == before


def test_whole_messages_by_setting(scan):
    p = scan("quarantine-whole = yes\n")
    _, line = submit(p, RAW)
    got = ctl(p, "quarantine", "export", line["ref"] + "-0", "--raw").stdout
    assert got.partition(b"\r\n\r\n")[2] == RAW.partition(b"\r\n\r\n")[2]


@pytest.mark.root
@pytest.mark.parametrize("choice,word", [("tempfail", "tempfail"),
                                         ("drop", "accept")])
def test_quarantine_disk_full(scan, folder, choice, word):
    mount = folder + "/full"
    os.mkdir(mount)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none",
                       mount], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        p = scan("include(\"%s/more.conf\")\n" % folder
                 if write_conf(folder, mount, choice) else "")
        with open(mount + "/filler", "wb") as f:
            try:
                f.write(b"x" * 65536)
            except OSError:
                pass
        out, line = submit(p, RAW)
        assert out.word == word and "quarantine" in \
            line.get("record-problem", ""), line
        if word == "tempfail":
            assert events(p.run + "/journal") == []
            os.unlink(mount + "/filler")
            assert submit(p, RAW)[0].accepted
        p.stop()
    finally:
        subprocess.run(["umount", mount], check=True)


@pytest.mark.root
def test_quarantine_full_at_the_second_part(scan, folder):
    """What is put off comes again: its first part is not kept each time."""
    mount = folder + "/full"
    os.mkdir(mount)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none",
                       mount], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        write_conf(folder, mount, "tempfail")
        p = scan("block-names = { \"exe\" }\n"
                 "include(\"%s/more.conf\")\n" % folder)
        out, line = submit(p, build(TEXT, part(EICAR),
                                    part(b"x" * 90000, "a.exe")))
        assert out.word == "tempfail" and "No space" in \
            line.get("record-problem", ""), line
        assert os.listdir(mount + "/q") == []
        p.stop()
    finally:
        subprocess.run(["umount", mount], check=True)


def write_conf(folder, mount, choice):
    with open(folder + "/more.conf", "w") as f:
        f.write("quarantine-failure = %s\nquarantine = \"%s/q\"\n" %
                (choice, mount))
    return True


def test_journal_that_is_full(scan):
    """No event, no answer but "later"; local mail passes and says so."""
    p = scan("journal-full = tempfail\njournal-size = 1M\n")
    raw = build(part(EICAR), *[part(PUA, "%d%s.txt" % (i, "n" * 200))
                               for i in range(49)])
    rcpts = ["%s%d@example.org" % ("r" * 60, i) for i in range(100)]
    for _ in range(200):
        out, line = submit(p, raw, rcpts=rcpts)
        if not out.accepted:
            break
    assert out.word == "tempfail" and "journal" in line["why"], line
    assert sum(os.path.getsize(f) for f in glob.glob(
        p.run + "/journal/*.jsonl")) <= 1024 * 1024
    out, line = submit(p, raw, rcpts=rcpts, **LOCAL)
    assert out.accepted and "record-problem" in line, line


# -- signatures, sizes, real Postfix

def test_signed_after_stripping(scan, world):
    p = scan("virus-outbound = strip\n", KEYS=world.keys)
    out, line = submit(p, build(TEXT, part(EICAR), HARMLESS, head=OURS),
                       login="ann", sender="ann@example.org")
    assert out.accepted and line["sign"] == "signed", line
    assert not infected.infected(out.message())
    judged = world.verify(out.message())
    assert judged and all(j[3] is True for j in judged), judged


def test_grown_past_the_limit(scan):
    raw = build(TEXT, part(EICAR), HARMLESS)
    p = scan("mta-size-limit = %d\n" % (len(raw) + 100))
    out, line = submit(p, raw)
    assert out.word == "reject" and out.final.code == 552, line


@pytest.mark.root
@pytest.mark.slow
def test_hold_and_release(scan, begin_postfix):
    """A held message is released in its stripped form."""
    p = scan("virus = hold\n")
    pf = begin_postfix(p.sock)
    client = pf.client(HOST)
    code, text = client.say(RAW, "ann@good.example", ["user@example.org"])
    client.quit()
    assert code == 250, text
    line = wait_for("the line", lambda: [
        x for x in p.lines() if x.get("scan-action") == "hold"])[0]
    out = ctl(p, "quarantine", "release", line["qid"], "--yes",
              "--config-directory", pf.dir + "/etc")
    assert out.returncode == 0, out.stderr
    got = pf.sink.wait("<1@test.example>").raw
    assert not infected.infected(got) and infected.notices(got)
