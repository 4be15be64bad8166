# SPDX-License-Identifier: BSD-2-Clause
"""Scanning, seen from the milter's side: hostile files, odd encodings, large
messages, the notice's text, the mail to the operator, signatures that change
while mail comes, and policies that meet each other."""
import email
import email.policy
import glob
import os
import re
import signal
import threading
import time

import pytest

import hostile_files
import infected
import milterclient
import sigdb
from infected import EICAR, HARMLESS, HEAD, TEXT, build, part, single
from scanflow import LOCAL, events, submit
from tools import alive, wait_for
from world import HOST

RAW = build(TEXT, part(EICAR), HARMLESS)
OURS = HEAD.replace("ann@good.example", "ann@example.org")


@pytest.fixture
def scan(start, signatures):
    """scan(text): a scanning postern with these settings."""
    def begin(extra="", **how):
        how.setdefault("EICAR_DB", signatures)
        return start(extra=extra, ENFORCE="monitor", **how)
    return begin


# -- hostile files as attachments

@pytest.fixture(scope="module")
def hostile(scratch):
    """{answer: {name: content}}"""
    folder = scratch + "/hostile"
    out = {}
    for name, answer in hostile_files.make(folder).items():
        with open(folder + "/" + name, "rb") as f:
            out.setdefault(answer, {})[name] = f.read()
    return out


def marks(out, kind):
    return [v for v in out.all("X-Postern-Scan")
            if v.strip().startswith(kind + ";")]


def test_infected_files_are_stripped(scanning, hostile):
    wrong = {}
    for name, data in hostile["virus"].items():
        out, line = submit(scanning, build(TEXT, part(data, name), HARMLESS))
        if not (out.accepted and line.get("stripped") == "1" and
                marks(out, "virus") and HARMLESS in out.message() and
                infected.b64(data) not in out.message()):
            wrong[name] = line
    assert wrong == {}


@pytest.mark.slow
def test_unread_files_are_never_clean(scanning, hostile):
    wrong = {}
    for name, data in hostile["not scanned"].items():
        out, line = submit(scanning, build(TEXT, part(data, name), HARMLESS))
        if not (out.accepted and marks(out, "unscanned") and
                line["scan-action"] == "mark" and
                not any(w == "replbody" for w, _ in out.edits)):
            wrong[name] = line
    assert wrong == {}


def test_honest_files_pass_untouched(scanning, hostile):
    wrong = {}
    for name, data in hostile["clean"].items():
        out, line = submit(scanning, build(TEXT, part(data, name), HARMLESS))
        if line["scan"] != "clean" or out.all("X-Postern-Scan") or \
                any(w == "replbody" for w, _ in out.edits):
            wrong[name] = line
    assert wrong == {}


# -- encodings that are broken

ZIP = infected.zipped(("eicar.com", EICAR))
# A text that is found anywhere, so that no cut hides it.
LONG = sigdb.ONE + b" and more of it " * 200
HEAD64 = part(b"", "x.bin")


def cut(data, by):
    return HEAD64 + infected.b64(data)[:-by]


ODD = {
    "one character cut": cut(LONG, 1),
    "two characters cut": cut(LONG, 2),
    "three characters cut": cut(LONG, 3),
    "half of it cut": cut(LONG, 2100),
    "ends in the middle by =": HEAD64 + b"=\r\n" + infected.b64(LONG),
    "padding in each line": HEAD64 + b"\r\n".join(
        infected.base64.b64encode(LONG[i:i + 40])
        for i in range(0, 1000, 40)),
    "garbage between": HEAD64 + infected.b64(LONG).replace(b"\r\n", b"#\t-\0"
                                                           b"\r\n"),
    "no line ends": HEAD64 + infected.base64.b64encode(LONG),
    "8-bit in 7bit": part(b"\xff\xfe\x80 " + LONG, "x.bin", encoding="7bit"),
    "8-bit in qp": HEAD64.replace(b"base64", b"quoted-printable") +
    b"\xe9\xff=\r\n" + sigdb.ONE + b"=XX=\r\n\xe9",
    "soft breaks in qp": HEAD64.replace(b"base64", b"quoted-printable") +
    b"=\r\n".join(sigdb.ONE[i:i + 1] for i in range(len(sigdb.ONE))),
    "binary in 8bit": part(bytes(range(1, 256)) .replace(b"\r", b"").replace(
        b"\n", b"") + LONG, "x.bin", encoding="8bit"),
    "encoding twice": HEAD64.replace(
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"Content-Transfer-Encoding: base64") + infected.b64(LONG),
    "encoding with a comment": HEAD64.replace(b": base64", b": (c) base64 "
                                              b"(d)") + infected.b64(LONG),
}


@pytest.mark.parametrize("form", ODD)
def test_odd_encodings(scanning, form):
    """Found and gone, or refused: never delivered."""
    out, line = submit(scanning, build(TEXT, ODD[form], HARMLESS))
    assert line["scan"] == "found", line
    if out.accepted:
        assert line["stripped"] == "1" and HARMLESS in out.message()
        assert sigdb.ONE not in out.message()
        assert infected.b64(LONG)[:70] not in out.message()
    else:
        assert out.word == "reject", line


@pytest.mark.parametrize("how", ["lf", "mixed", "cr"])
def test_line_ends(scanning, how):
    """Postfix sends CRLF only; another that speaks milter may not."""
    raw = RAW if how == "cr" else RAW.replace(b"preamble\r\n", b"preamble\n")
    head, _, body = raw.partition(b"\r\n\r\n")
    if how == "lf":
        body = body.replace(b"\r\n", b"\n")
    elif how == "mixed":
        lines = body.replace(b"\r\n", b"\n").split(b"\n")
        body = b"".join(x + (b"\r\n" if i % 2 else b"\n")
                        for i, x in enumerate(lines))
    else:
        body = body.replace(b"\r\n", b"\r", 2)
    out, line = submit(scanning, head + b"\r\n\r\n" + body)
    assert line["scan"] == "found", line
    assert out.word == "reject" or not infected.infected(out.message()), line


# -- large messages

def high_water(pid):
    with open("/proc/%d/status" % pid) as f:
        return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) * 1024


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["clean", "infected"])
def test_large_message(scan, kind, record_property):
    """25 MiB, and what it costs postern: told, not judged."""
    p = scan("message-size = 40M\n")
    assert submit(p, build(TEXT, HARMLESS))[0].accepted
    before = high_water(p.pid)
    data = (os.urandom(1024) * (18 * 1024 + 512))
    raw = build(TEXT, part(data, "large.bin"),
                part(EICAR) if kind == "infected" else HARMLESS)
    out, line = submit(p, raw)
    assert out.accepted, line
    assert not infected.infected(out.message())
    assert infected.b64(data) in out.message()
    times = (high_water(p.pid) - before) / len(raw)
    record_property("times_its_size", "%.2f" % times)
    print("%s: %d bytes, %.2f times its size, scan %s" %
          (kind, len(raw), times, line))


def test_larger_than_it_may_be_scanned(scan):
    """A part past scan-size is marked, or goes: never clean."""
    raw = build(TEXT, part(os.urandom(1024) * 2048, "l.bin"), HARMLESS)
    p = scan("scan-size = 1M\nscan-file-size = 1M\n")
    out, line = submit(p, raw)
    assert out.accepted and marks(out, "unscanned"), line


# -- the notice

OWN = ("Eigener Text: ${file} / ${virus}${reason} / ${time} / ${reference} / "
       "${contact} / ${sha256} / $$5 über removed\n")


def test_own_notice(scan, folder):
    with open(folder + "/notice.txt", "w", encoding="utf-8") as f:
        f.write(OWN)
    p = scan('notice-file = "%s/notice.txt"\nnotice-languages = {"de"}\n'
             'notice-contact = "Hilfe <help@example.org>"\n' % folder)
    out, line = submit(p, RAW)
    text, = infected.notices(out.message())
    first = text.splitlines()[0]
    cells = first.split(" / ")
    assert cells[0] == "Eigener Text: eicar.com", first
    assert cells[1].startswith("Eicar-Test-Signature")
    assert email.utils.parsedate_to_datetime(cells[2])
    assert cells[3:5] == [line["ref"], "Hilfe <help@example.org>"]
    assert len(cells[5]) == 64 and cells[6] == "$5 über removed"
    msg = email.message_from_bytes(out.message(), policy=email.policy.default)
    notice = list(msg.iter_parts())[1]
    assert notice["Content-Language"] == "de"
    assert notice["Content-Transfer-Encoding"] == "quoted-printable"
    # A new text by reload.
    with open(folder + "/notice.txt", "w", encoding="utf-8") as f:
        f.write("Second text, removed: ${file}\n")
    before = len(p.log())
    p.signal(signal.SIGHUP)
    wait_for("the reload", lambda: len(p.log()) > before)
    wait_for("the new text", lambda: "Second text" in infected.notices(
        submit(p, RAW)[0].message())[0], every=0.5)


@pytest.mark.parametrize("text", ["has ${unknown}", "a lone $ sign", "\0",
                                  "\udcff"],
                         ids=["unknown", "dollar", "nul", "no utf-8"])
def test_wrong_notice(world, folder, text):
    """It ends with what is wrong; in a reload the old text stays."""
    import postern
    with open(folder + "/wrong.txt", "wb") as f:
        f.write(text.encode("utf-8", "surrogateescape"))
    wrong = 'notice-file = "%s/wrong.txt"\n' % folder
    how = {"DNS": world.dns.address, "ENFORCE": "monitor"}
    try:
        p = postern.Postern(folder + "/p", extra=wrong, **how)
        wait_for("its end", lambda: not p.alive())
        code, log = p.kill(), p.log()
        postern.Postern.live.remove(p)
    except postern.Failed as failed:
        code, log = failed.code, failed.log
    assert code == 78 and "wrong.txt" in log, log


def test_wrong_notice_in_a_reload(scan, folder):
    p = scan("")
    with open(folder + "/wrong.txt", "w") as f:
        f.write("lone $ sign")
    with open(p.extra, "w") as f:
        f.write('notice-file = "%s/wrong.txt"\n' % folder)
    p.reload("the old configuration stays in force")
    assert "eicar.com" in infected.notices(submit(p, RAW)[0].message())[0]


def test_languages(scan):
    p = scan('notice-languages = {"en", "de", "fr", "es"}\n')
    out, _ = submit(p, RAW)
    msg = email.message_from_bytes(out.message(), policy=email.policy.default)
    notice = list(msg.iter_parts())[1]
    assert notice["Content-Language"] == "en, de, fr, es"
    assert notice.get_content().count("* * *") == 3
    assert notice.get_content().count("eicar.com") >= 4


# -- policies that meet

@pytest.mark.parametrize("also", ["block-names", "unscannable"])
def test_monitored_virus_beside_a_part_that_goes(scan, also):
    """monitor only marks: nothing else may make a refusal of it."""
    other = part(b"harmless", "run.exe") if also == "block-names" else \
        part(hostile_files.set_flag(infected.zipped(("a", b"x" * 99)), 1),
             "c.zip")
    p = scan("virus = monitor\n" + (
        "block-names = { \"exe\" }\n" if also == "block-names" else
        "unscannable = strip\n"))
    out, line = submit(p, build(TEXT, part(EICAR), other, HARMLESS))
    assert out.accepted, line
    assert infected.infected(out.message())
    assert "run.exe" not in [n for _, n, _ in infected.leaves(out.message())]


@pytest.mark.parametrize("how", ["inbound", "local"])
def test_text_of_an_attached_message(scan, how):
    """It hangs on the mail, a bounce for instance: it goes, no more."""
    p = scan("")
    inner = HEAD.encode() + b"\r\n" + EICAR + b"\r\n"
    raw = build(TEXT, b"Content-Type: message/delivery-status\r\n\r\n"
                b"Reporting-MTA: dns; mx.example.org\r\n\r\n"
                b"Final-Recipient: rfc822; a@good.example\r\n",
                b"Content-Type: message/rfc822\r\n\r\n" + inner,
                kind="report", extra="; report-type=delivery-status")
    out, line = submit(p, raw, sender="", **(LOCAL if how == "local" else {}))
    assert out.accepted and line["stripped"] == "1", line
    assert not infected.infected(out.message()) and TEXT in out.message()


def test_log_says_that_the_author_signed(scan):
    p = scan("")
    raw = build(TEXT, part(EICAR), kind="signed",
                extra="; protocol=\"application/pgp-signature\"")
    out, line = submit(p, raw)
    assert out.quarantine is not None
    assert line["author-signature"] == "broken", line


def test_postmaster_is_not_refused_a_signed_one(scan):
    p = scan("virus-signed = reject\n")
    raw = build(TEXT, part(EICAR), kind="signed",
                extra="; protocol=\"application/pgp-signature\"")
    out, line = submit(p, raw, rcpts=["postmaster@example.org"])
    assert out.accepted and line["stripped"] == "1", line
    assert not infected.infected(out.message())


def test_event_of_one_that_grew_too_large(scan):
    """The event says what became of the message, not what was tried."""
    p = scan("mta-size-limit = %d\n" % (len(RAW) + 100))
    out, _ = submit(p, RAW)
    assert out.word == "reject" and events(p.run + "/journal")[-1]["action"] == "reject"


def test_local_monitor_discards_nothing(scan):
    p = scan("virus-local = monitor\nblock-names = { \"exe\" }\n")
    out, line = submit(p, build(TEXT, part(EICAR), part(b"x", "a.exe")),
                       **LOCAL)
    assert out.accepted, line


def test_outbound_hold_is_stripped_and_signed(scan, world):
    p = scan("virus-outbound = hold\n", KEYS=world.keys)
    out, line = submit(p, build(TEXT, part(EICAR), HARMLESS, head=OURS),
                       login="ann", sender="ann@example.org")
    assert out.accepted and out.quarantine is not None, line
    assert not infected.infected(out.message()) and line["sign"] == "signed"
    judged = world.verify(out.message())
    assert judged and all(j[3] is True for j in judged), judged


def test_unscanned_by_domain(scan):
    p = scan("domain \"example.org\" { unscannable = strip }\n")
    locked = hostile_files.set_flag(infected.zipped(("a", b"x" * 99)), 1)
    raw = build(TEXT, part(locked, "c.zip"), HARMLESS)
    out, line = submit(p, raw, rcpts=["user@example.org"])
    assert out.accepted and line["stripped"] == "1", line
    out, line = submit(p, raw, rcpts=["user@example.net"])
    assert out.accepted and line["scan-action"] == "mark", line


def test_name_two_levels_deep_is_not_looked_for(scan):
    """One level, as the manual says; a second zip inside is not opened."""
    p = scan("block-names = { \"exe\" }\n")
    inner = infected.zipped(("run.exe", b"harmless"))
    out, line = submit(p, build(TEXT, part(inner, "a.zip"), HARMLESS))
    assert line["scan-action"] == "strip", line
    out, line = submit(p, build(TEXT, part(infected.zipped(
        ("in.zip", inner)), "a.zip"), HARMLESS))
    assert out.accepted and line["scan"] == "clean", line


def test_scan_no(start):
    out, line = submit(start(extra="scan = no\n", ENFORCE="monitor"), RAW)
    assert out.accepted and infected.infected(out.message())
    assert line.get("scan") in (None, "off"), line


# -- the mail to the operator

SENDMAIL = """#!/bin/sh
n=$(ls "%(dir)s" | grep -c '^mail')
printf '%%s\\n' "$@" > "%(dir)s/args$n"
cat > "%(dir)s/new" && mv "%(dir)s/new" "%(dir)s/mail$n"
%(more)s
"""


def scripted(folder, more=""):
    os.makedirs(folder + "/out", exist_ok=True)
    path = folder + "/sendmail"
    with open(path, "w") as f:
        f.write(SENDMAIL % {"dir": folder + "/out", "more": more})
    os.chmod(path, 0o755)
    return ('notify-to = "boss@example.org"\nnotify-interval = 2s\n'
            'sendmail = "%s"\n' % path)


def mails(folder):
    out = []
    for path in sorted(glob.glob(folder + "/out/mail*")):
        with open(path, "rb") as f:
            out.append(email.message_from_bytes(
                f.read(), policy=email.policy.default))
    return out


def test_digest(scan, folder):
    """What, from, to, file, virus, SHA-256 and reference; one mail for each
    tenant and interval."""
    p = scan(scripted(folder) + "domain \"example.org\" { virus = strip }\n")
    refs = [submit(p, build(TEXT, part(EICAR, "%d.com" % i)),
                   sender="s%d@good.example",
                   rcpts=["user@example.org"])[1]["ref"] for i in range(3)]
    other = submit(p, RAW, rcpts=["user@example.net"])[1]["ref"]
    got = wait_for("two mails", lambda: len(mails(folder)) >= 2 and
                   mails(folder))
    assert len(got) == 2
    assert all(m["X-Postern-Notice"] == "1" and m["To"] == "boss@example.org"
               and m["Auto-Submitted"] == "auto-generated" for m in got)
    ours, = [m for m in got if refs[0] in m.get_content()]
    text = ours.get_content()
    assert all(r in text for r in refs) and other not in text
    for word in ("user@example.org", "@good.example", "0.com", "Eicar-Test",
                 "strip", events(p.run + "/journal")[0]["finds"][0]["sha256"]):
        assert word in text, (word, text)
    with open(folder + "/out/args0") as f:
        assert f.read().split("\n")[-2:] == ["boss@example.org", ""]


def test_no_digest_of_our_own_mail(scan, folder):
    """A notice that is itself taken for infected is not told of again."""
    p = scan(scripted(folder))
    own = (HEAD + "X-Postern-Notice: 1\r\n").encode() + b"\r\n" + EICAR
    out, _ = submit(p, own, **LOCAL)
    assert out.word == "discard"
    assert events(p.run + "/journal")[-1]["notice"] is True
    # From outside the mark is nobody's.
    raw = build(TEXT, part(EICAR), head=HEAD + "X-Postern-Notice: 1\r\n")
    _, line = submit(p, raw)
    assert events(p.run + "/journal")[-1]["notice"] is False
    got = wait_for("a mail", lambda: mails(folder))
    assert line["ref"] in got[0].get_content()
    assert "1. " in got[0].get_content() and \
        "2. " not in got[0].get_content()


@pytest.mark.root
@pytest.mark.slow
def test_digest_through_postfix(scan, folder, begin_postfix):
    """It comes back as local mail, passes the scan, and that is the end."""
    sendmail = folder + "/sendmail"
    p = scan('notify-to = "boss@example.org"\nnotify-interval = 1s\n'
             'sendmail = "%s"\n' % sendmail)
    pf = begin_postfix(p.sock)
    with open(sendmail, "w") as f:
        f.write("#!/bin/sh\nexec /usr/sbin/sendmail -C %s/etc \"$@\"\n" %
                pf.dir)
    os.chmod(sendmail, 0o755)
    # Were it not cleaned, the file's name would make the notice infected.
    raw = build(TEXT, part(EICAR, EICAR.decode().replace("\\", "\\\\")),
                HARMLESS)
    with pf.client(HOST) as c:
        code, text = c.say(raw, "ann@good.example", ["user@example.org"])
    assert code == 250, text
    got = pf.sink.wait("postern: finds in").raw
    assert b"X-Postern-Notice: 1" in got
    line = [x for x in p.lines() if x["class"] == "local"]
    assert len(line) == 1 and line[0]["verdict"] == "accept", line
    # Some intervals later: no other event, no other mail.
    threading.Event().wait(4)
    assert len(events(p.run + "/journal")) == 1
    assert len([x for x in p.lines() if x["class"] == "local"]) == 1


# -- changes while mail comes

class Load:
    """Messages from two threads until it is left; all their ends."""

    def __init__(self, postern, raw=None):
        self.p, self.raw = postern, raw
        self.ends, self.passed = [], []
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in "12"]

    def run(self):
        while not self.stop.is_set():
            raw = self.raw or build(TEXT, part(EICAR), part(
                os.urandom(3000), "b.bin"))
            out, line = submit(self.p, raw)
            self.ends.append(out.word)
            if out.accepted and infected.infected(out.message()):
                self.passed.append(line)

    def __enter__(self):
        for t in self.threads:
            t.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for t in self.threads:
            t.join()


def test_reload_under_load(scan):
    p = scan("scan-cache = 0\n")
    with Load(p) as load:
        for _ in range(5):
            n = len(load.ends)
            p.signal(signal.SIGHUP)
            wait_for("more mail", lambda: len(load.ends) > n + 5)
    assert load.passed == [] and set(load.ends) == {"accept"}, load.ends


def test_signatures_replaced_under_load(scan, folder):
    """No message is put off, none passes with what both sets know; what only
    the new set knows is found as soon as it serves."""
    sigdb.make(folder + "/db")
    p = scan(EICAR_DB=folder + "/db")
    new = build(TEXT, part(b"a text that is new " * 9, "n.bin"))
    assert submit(p, new)[1]["scan"] == "clean"
    with Load(p) as load:
        sigdb.write(folder + "/db", "more.ndb", sigdb.bodies(
            [("Postern.Test.New", 0, "*", b"a text that is new")]))
        wait_for("the new set", lambda: submit(p, new)[1]["scan"] == "found",
                 60, 0.5)
    assert load.passed == [] and set(load.ends) == {"accept"}, load.ends


def test_broken_signatures_leave_the_old(scan, folder):
    sigdb.make(folder + "/db")
    p = scan("scan-cache = 0\n", EICAR_DB=folder + "/db")
    assert submit(p, RAW)[1]["scan"] == "found"
    sigdb.write(folder + "/db", "broken.ndb", ["this is:no:signature"])
    os.kill(p.scan_pid, signal.SIGHUP)
    wait_for("the refusal", lambda: "not taken" in p.log(), 60)
    out, line = submit(p, RAW)
    assert out.accepted and not infected.infected(out.message()), line
    assert submit(p, build(TEXT, HARMLESS))[1]["scan"] == "clean"


def test_no_signatures(scan, folder):
    """Mail waits until there are some, and then passes by itself."""
    os.mkdir(folder + "/db")
    p = scan(EICAR_DB=folder + "/db")
    out, line = submit(p, build(TEXT, HARMLESS))
    assert out.word == "tempfail" and line["scan"] == "failed", line
    assert "the scanner is away" in p.log()
    sigdb.make(folder + "/db")
    wait_for("mail to pass",
             lambda: submit(p, build(TEXT, HARMLESS))[0].accepted, 60, 0.5)
    assert not infected.infected(submit(p, RAW)[0].message())


def test_signatures_without_eicar(scan, folder):
    sigdb.make(folder + "/db")
    for name in ("postern.ndb", "postern.ndu"):
        os.unlink(folder + "/db/" + name)
    sigdb.write(folder + "/db", "postern.hdb", [sigdb.TESTFILE_HASH])
    p = scan(EICAR_DB=folder + "/db")
    out, line = submit(p, build(TEXT, HARMLESS))
    assert out.word == "tempfail" and line["scan"] == "failed", line
    assert "EICAR" in p.log()


def test_single_part_message_that_is_html(scanning):
    """An HTML page that is an attachment can go; its message stays."""
    page = b"<html><body>" + sigdb.HTML + b"</body></html>"
    out, line = submit(scanning, build(TEXT, part(page, "p.html",
                                                  "text/html"), HARMLESS))
    assert out.accepted and line["stripped"] == "1", line
    out, line = submit(scanning, single(page, "p.html", ctype="text/html"))
    assert out.accepted and line["stripped"] == "1", line


def test_term_while_a_scan_is_slow(scan):
    """All end by themselves within the five seconds, killed by nobody."""
    p = scan("")
    with open("/proc/%d/task/%d/children" % (p.scan_pid, p.scan_pid)) as f:
        loader, = f.read().split()
    raw = build(TEXT, part(hostile_files.bomb(3, 16), "bomb.zip"))
    ended = []

    def send():
        try:
            ended.append(p.submit(raw, client=HOST))
        except (OSError, milterclient.Closed) as e:
            ended.append(e)

    thread = threading.Thread(target=send)
    thread.start()
    threading.Event().wait(1.5)
    begin = time.monotonic()
    p.stop()
    took = time.monotonic() - begin
    thread.join()
    assert took < 5 and "postern-scan: stopped" in p.log(), p.log()
    assert not alive(int(loader))
