# SPDX-License-Identifier: BSD-2-Clause
"""The scanner away, late, killed, lying: mail is put off or passes marked by
the setting, and is never taken for clean."""
import os
import signal
import subprocess
import threading

import pytest

import fakescan
import infected
from fakescan import FakeScan
from infected import EICAR, HARMLESS, TEXT, build, part
from scanflow import LOCAL, events, program, submit
from tools import WITH_US, children, wait_for

RAW = build(TEXT, part(EICAR), HARMLESS)


@pytest.fixture
def fake(start, folder):
    """fake(judge, settings): a postern over a scanner of ours."""
    made = []

    def begin(judge=None, extra="", **how):
        scanner = FakeScan(folder + "/fake.sock", judge, **how)
        made.append(scanner)
        p = start(ENFORCE="monitor", extra="scan = yes\n"
                  "scan-message = no\nscan-cache = 0\nscan-socket = \"%s\"\n"
                  "journal = \"%s/journal\"\n%s" % (folder + "/fake.sock",
                                                    folder, extra))
        p.journal = folder + "/journal"
        return p, scanner

    yield begin
    for scanner in made:
        try:
            scanner.close()
        except OSError:
            pass


AWAY = "scan = yes\nscan-socket = \"/nonexistent/scan.sock\"\n"


@pytest.mark.parametrize("choice,word", [
    ("tempfail", "tempfail"), ("accept", "accept"), ("hold", "accept")])
@pytest.mark.parametrize("which", ["inbound", "outbound"])
def test_away(start, choice, word, which):
    name = "scan-failure" + ("-outbound" if which == "outbound" else "")
    p = start(extra=AWAY + "%s = %s\n" % (name, choice), ENFORCE="monitor")
    how = {"login": "ann"} if which == "outbound" else {}
    out, line = submit(p, RAW, **how)
    assert out.word == word and line["scan"] == "failed", line
    assert "/nonexistent/scan.sock" in line["scan-why"]
    if word == "tempfail":
        assert out.final.line.startswith("451 4.7.1")
    else:
        assert out.all("X-Postern-Scan")[0].startswith("failed")
        assert (out.quarantine is not None) == (choice == "hold")


def test_away_local_passes_with_mark_and_event(start, folder):
    p = start(extra=AWAY + "journal = \"%s/j\"\n" % folder)
    out, line = submit(p, RAW, **LOCAL)
    assert out.accepted and out.all("X-Postern-Scan"), line
    p.journal = folder + "/j"
    event, = events(p.journal)
    assert event["unchecked"] and event["class"] == "local"


def test_too_large_for_us_is_no_secret(start, signatures):
    """Local mail past message-size passes, with a mark and an event."""
    p = start(EICAR_DB=signatures, extra="message-size = 100K\n")
    raw = build(TEXT, part(EICAR), part(b"x" * 150000))
    out, line = submit(p, raw, **LOCAL)
    assert out.accepted and line["scan"] == "failed", line
    assert out.all("X-Postern-Scan")[0].startswith("failed")
    event, = events(p.run + "/journal")
    assert event["unchecked"] == "larger than message-size"
    assert submit(p, raw)[0].final.code == 552


def test_killed_and_started_again(start, signatures):
    """Mail waits while it is away, and passes as soon as it is back."""
    p = start(EICAR_DB=signatures, ENFORCE="monitor")
    assert submit(p, RAW)[0].accepted
    os.kill(p.scan_pid, signal.SIGKILL)
    wait_for("mail to be put off",
             lambda: submit(p, build(TEXT, part(os.urandom(99))))[0].word ==
             "tempfail")
    with open(p.log_path, "ab") as log:
        again = subprocess.Popen(
            WITH_US + [program("postern-scan"), "-f", "-c",
                       p.run + "/postern.conf"], stdout=log, stderr=log)
    try:
        wait_for("mail to pass", lambda: submit(p, RAW)[0].accepted)
        assert not infected.infected(submit(p, RAW)[0].message())
    finally:
        again.terminate()
        again.wait()


def test_a_worker_killed_at_each_moment(start, signatures):
    """Under load each worker dies again and again: no message is lost, none
    passes unscanned, and those put off pass at another try."""
    p = start(EICAR_DB=signatures, ENFORCE="monitor",
              extra="scan-cache = 0\n")
    stop = threading.Event()
    killed = []

    def killer():
        while not stop.is_set():
            for loader in children(p.scan_pid):
                for worker in children(loader)[:1]:
                    try:
                        os.kill(worker, signal.SIGKILL)
                        killed.append(worker)
                    except ProcessLookupError:
                        pass
            stop.wait(0.1)

    thread = threading.Thread(target=killer)
    thread.start()
    words = set()
    try:
        for _ in range(40):
            raw = build(TEXT, part(EICAR), part(os.urandom(2000), "b.bin"))
            out, line = submit(p, raw)
            words.add(out.word)
            assert out.word in ("accept", "tempfail"), line
            if out.accepted:
                assert not infected.infected(out.message()), line
    finally:
        stop.set()
        thread.join()
    assert killed and "accept" in words
    wait_for("mail to pass", lambda: submit(p, RAW)[0].accepted)


LIES = {
    "nonce of another": lambda c, q: fakescan.answer(
        q, fakescan.CLEAN, nonce=q["nonce"] ^ 1),
    "another version": lambda c, q: fakescan.answer(
        q, fakescan.CLEAN, proto=2),
    "unknown status": lambda c, q: fakescan.answer(q, 9),
    "virus without name": lambda c, q: fakescan.answer(q, fakescan.VIRUS),
    "empty": lambda c, q: b"",
    "one byte": lambda c, q: b"\0",
    "garbage": lambda c, q: os.urandom(60),
    "too long": lambda c, q: fakescan.clean(q) + b"x" * 3000,
    "closes": lambda c, q: None,
    "failed": lambda c, q: fakescan.answer(q, fakescan.FAILED, b"no space"),
}


@pytest.mark.parametrize("lie", LIES)
def test_wrong_answers(fake, lie):
    p, _ = fake(LIES[lie])
    out, line = submit(p, build(TEXT, HARMLESS))
    assert out.word == "tempfail" and line["scan"] == "failed", line


def test_slow_answers(fake):
    p, _ = fake(lambda c, q: 6, "scan-timeout = 2500ms\nscan-time = 400ms\n")
    out, line = submit(p, build(TEXT, HARMLESS))
    assert out.word == "tempfail" and "late" in line["scan-why"], line


def test_not_finding_eicar_is_away(fake):
    """Clean for everything, EICAR too: such a scanner is none."""
    p, _ = fake(probes=False)
    out, line = submit(p, build(TEXT, HARMLESS))
    assert out.word == "tempfail", line
    assert "EICAR" in line["scan-why"]
    assert "EICAR" in p.log().split("qid=", maxsplit=1)[0] or \
        "away" in p.log()


def test_content_that_kills_is_let_go(fake):
    """Three crashes, over retries: then it is "not scannable"."""
    bad = b"kills the scanner"
    p, scanner = fake(lambda c, q: None if bad in c else fakescan.clean(q))
    raw = build(TEXT, part(bad), HARMLESS)
    words = [submit(p, raw)[0].word for _ in range(3)]
    assert words[0] == "tempfail" and words[-1] == "accept", words
    out, line = submit(p, raw)
    assert line["find"].startswith("unscanned:"), line
    assert len([c for c in scanner.seen if bad in c]) == 3
    # Another content is not held liable for it.
    assert submit(p, build(TEXT, HARMLESS))[1]["scan"] == "clean"


def test_still_infected_after_stripping(fake):
    """The second look finds what the first did not tell: refused."""
    seen = []

    def judge(content, question):
        if b"bad-one" in content:
            return fakescan.virus(question)
        seen.append(content)
        # The harmless part turns out to be bad when it is seen again.
        if b"harmless" in content and len(
                [c for c in seen if b"harmless" in c]) > 1:
            return fakescan.virus(question, b"Second.Look")
        return fakescan.clean(question)

    p, _ = fake(judge)
    raw = build(TEXT, part(b"bad-one"), part(b"harmless" + b"x" * 200))
    out, line = submit(p, raw)
    assert out.word == "reject" and line["why"] == "Second.Look", line


def test_same_content_is_scanned_once(fake):
    """Ten messages at once with one attachment: one question."""
    data = os.urandom(5000)

    def judge(content, question):
        if content == data:
            threading.Event().wait(0.5)
        return fakescan.clean(question)

    p, scanner = fake(judge)
    raw = build(TEXT, part(data))
    threads = [threading.Thread(target=submit, args=(p, raw))
               for _ in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len([c for c in scanner.seen if c == data]) < 10
    assert len(p.lines()) == 10


def test_one_client_leaves_room(fake):
    """Many parts of one client never take all workers."""
    def judge(content, question):
        threading.Event().wait(0.05)
        return fakescan.clean(question)

    p, scanner = fake(judge, workers=3)
    raws = [build(*[part(os.urandom(50)) for _ in range(6)])
            for _ in range(6)]
    threads = [threading.Thread(target=submit, args=(p, raw))
               for raw in raws]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert scanner.most <= 2


def test_cached_verdicts(start, signatures):
    p = start(EICAR_DB=signatures, ENFORCE="monitor")
    raw = build(TEXT, part(EICAR), HARMLESS)
    assert submit(p, raw)[1]["scan-cached"] == "0"
    line = submit(p, raw)[1]
    assert int(line["scan-cached"]) >= 3 and line["scan"] == "found", line
