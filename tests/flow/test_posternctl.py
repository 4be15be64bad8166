# SPDX-License-Identifier: BSD-2-Clause
"""posternctl: the built program, over a quarantine whose entries another
implementation of the format has written, and with scripts for Postfix's
commands."""
import base64
import binascii
import hashlib
import json
import os
import pty
import quopri
import re
import shutil
import signal
import stat
import subprocess
import time

import pytest
from nacl.public import PrivateKey

import sealed
from test_conf import build
from tools import TOP, wait_for

REF = "20261121T094112-4f0c9a1b2d3e4f5%d"
QID = "4XyZ1b2c3dzQp"
HOSTILE = "a\x1b[2J\x1b]0;pwned\x07b\u202egpj.exe\x9b31m\x7f"
TEXT = b"X5O!P%@AP hello\r\n" * 9
HEAD = b"Content-Type: application/x\r\n\r\n"


class Ctl:
    """A configuration, its quarantine and a way to run the program."""

    def __init__(self, folder):
        self.folder = folder
        self.q = folder + "/q"
        self.public = folder + "/keys/q.pub"
        self.secret = folder + "/keys/q.key"
        os.mkdir(folder + "/keys")
        with open(folder + "/conf", "w") as f:
            f.write('authserv-id = "mx.example.org"\nquarantine = "%s"\n'
                    'quarantine-key = "%s"\njournal = "%s/journal"\n'
                    % (self.q, self.public, folder))

    def __call__(self, *args, code=0, **how):
        done = subprocess.run(
            [build() + "/posternctl", "-c", self.folder + "/conf", *args],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
            stdin=subprocess.DEVNULL, **how)
        self.said = done.stderr.decode()
        assert done.returncode == code, (done.stdout, self.said)
        return done.stdout

    def json(self, *args, **how):
        return json.loads(self(*args, "--json", **how))

    def put(self, n, content=TEXT, number=1, **description):
        return sealed.put(self.q, self.public, REF % n, number, content,
                          **description)

    def script(self, name, text):
        path = self.folder + "/" + name
        with open(path, "w") as f:
            f.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path


@pytest.fixture
def ctl(folder):
    c = Ctl(folder)
    c("quarantine", "init")
    os.mkdir(c.q, 0o700)
    return c


def on_terminal(argv, answer):
    """Runs it with a terminal; all that it wrote, and the code."""
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(argv[0], argv)
    out = b""
    asked = False
    while True:
        try:
            got = os.read(fd, 4096)
        except OSError:
            break
        if not got:
            break
        out += got
        if not asked and b"[y/N]" in out:
            asked = True
            os.write(fd, answer)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(fd)
    return out.decode(), code


# -- arguments

@pytest.mark.parametrize("args, code, word", [
    ((), 64, "posternctl help"),
    (("quarantne", "list"), 64, "did you mean: posternctl quarantine"),
    (("quarantine", "lsit"), 64, "posternctl quarantine list"),
    (("list",), 64, "posternctl quarantine list"),
    (("frobnicate",), 64, "posternctl help"),
    (("quarantine",), 64, ""),
    (("quarantine", "list", "more"), 64, "a word too many"),
    (("quarantine", "show"), 64, "show NAME|REFERENCE"),
    (("quarantine", "list", "--tennant", "x"), 64, "--tenant"),
    (("quarantine", "list", "--xxxxxxxxxx"), 64, "--help"),
    (("quarantine", "list", "-q"), 64, "-q"),
    (("quarantine", "list", "--tenant"), 64, "--tenant TENANT"),
    (("quarantine", "list", "--json=1"), 64, "no value"),
    (("quarantine", "list", "--since", "soon"), 64, "2d"),
    (("quarantine", "list", "--since", "2026-13-01"), 64, "2d"),
    (("quarantine", "show", "../../etc/passwd"), 64, "list"),
    (("quarantine", "show", "x" * 5000), 64, "list"),
    (("quarantine", "delete"), 64, "--older-than"),
    (("quarantine", "delete", "--older-than", "30"), 64, "30d"),
    (("quarantine", "delete", "--older-than", "2d", "x"), 64,
     "--older-than"),
    (("quarantine", "show", REF % 1), 66, "no entry"),
    (("quarantine", "export", REF % 1 + "-1"), 66, "no entry"),
    (("quarantine", "release", "ALL"), 64, "queue id"),
    (("quarantine", "release", "-d"), 64, ""),
    (("quarantine", "release", "--", "-dALL1"), 64, "queue id"),
    (("events", "--type"), 64, "--type TYPE"),
    (("--config",), 64, "--config FILE"),
])
def test_wrong_arguments(ctl, args, code, word):
    ctl(*args, code=code)
    assert word in ctl.said
    assert ctl.said.startswith("posternctl: ") or args == ("quarantine",)


@pytest.mark.parametrize("args", [
    ("help",), ("-h",), ("--help",), ("help", "quarantine"),
    ("quarantine", "--help"), ("quarantine", "list", "-h"),
    ("help", "quarantine", "export"), ("events", "--help"), ("-V",)])
def test_help(ctl, args):
    assert ctl(*args)
    assert ctl.said == ""


def test_configuration(ctl, folder):
    ctl("-c", folder + "/none", "quarantine", "list", code=78)
    with open(folder + "/bad", "w") as f:
        f.write("\nbogus = 1\n")
    ctl("quarantine", "list", "-c", folder + "/bad", code=78)
    assert folder + "/bad:2: " in ctl.said
    with open(folder + "/bare", "w") as f:
        f.write('authserv-id = "mx.example.org"\n')
    ctl("quarantine", "list", "--config=" + folder + "/bare", code=78)
    assert "quarantine = " in ctl.said
    ctl("events", "-c" + folder + "/bare", code=78)
    assert "journal = " in ctl.said


def test_output_that_cannot_be_written(ctl):
    ctl.put(1)
    with open("/dev/full", "w") as full:
        done = subprocess.run([build() + "/posternctl", "-c",
                               ctl.folder + "/conf", "quarantine", "list"],
                              stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 74
    assert b"cannot write" in done.stderr


# -- init

def test_init(folder):
    c = Ctl(folder)
    said = c.json("quarantine", "init")
    assert said == {"public": c.public, "secret": c.secret}
    assert stat.S_IMODE(os.stat(c.public).st_mode) == 0o644
    assert stat.S_IMODE(os.stat(c.secret).st_mode) == 0o600
    assert bytes(PrivateKey(sealed.read_key(c.secret)).public_key) == \
        sealed.read_key(c.public)
    before = open(c.secret).read()
    c("quarantine", "init", code=73)
    os.unlink(c.public)
    c("quarantine", "init", code=73)
    assert "there already" in c.said
    assert not os.path.exists(c.public)
    assert open(c.secret).read() == before
    c("quarantine", "init", "--secret", folder + "/elsewhere")
    assert open(c.secret).read() == before
    assert len(sealed.read_key(folder + "/elsewhere")) == 32


# -- list, show

def test_list(ctl):
    now = int(time.time())
    assert ctl.json("quarantine", "list") == []
    ctl.put(3, kept=now - 5, tenant="b.example", name="Win.Trojan.X-1")
    ctl.put(1, kept=now - 5 * 86400)
    ctl.put(2, kept=now - 3600, number=2, tenant="b.example")
    names = [REF % 1 + "-1", REF % 2 + "-2", REF % 3 + "-1"]
    found = ctl.json("quarantine", "list")
    assert [e["entry"] for e in found] == names
    lines = ctl("quarantine", "list").decode().splitlines()
    assert [line.split()[0] for line in lines] == ["NAME"] + names
    column = lines[0].index("FOUND")
    assert [line[column:].split()[0] for line in lines[1:]] == \
        ["Eicar-Test-Signature"] * 2 + ["Win.Trojan.X-1"]

    def named(*args):
        return [e["entry"] for e in ctl.json("quarantine", "list", *args)]
    assert named("--tenant", "B.example") == names[1:]
    assert named("--virus", "trojan") == names[2:]
    assert named("--since", "2d") == names[1:]
    assert named("--since=90m", "-t", "b.example") == names[1:]
    assert named("-s1m") == names[2:]
    assert named("--since", "2026-01-01T00:00") == names
    assert named("--since", "2099-01-01") == []


def test_many(ctl):
    """More rows than are kept for the columns."""
    for i in range(1500):
        with open("%s/20261121T%06d-4f0c9a1b2d3e4f50-1.json" % (ctl.q, i),
                  "w") as f:
            f.write('{"name": "x"}')
        os.close(os.open(f.name[:-5] + ".sealed", os.O_CREAT, 0o600))
    assert len(ctl.json("quarantine", "list")) == 1500
    lines = ctl("quarantine", "list").splitlines()
    assert len(lines) == 1501
    assert len({line.index(b"x") for line in lines[1:]}) == 1


def test_show(ctl):
    one = ctl.put(1, file="a.exe", to=["b@example.org", "c@example.org"])
    two = ctl.put(1, number=2)
    found = ctl.json("quarantine", "show", one)
    assert [e["entry"] for e in found] == [one]
    assert found[0]["file"] == "a.exe"
    found = ctl.json("quarantine", "show", REF % 1)
    assert [e["entry"] for e in found] == [one, two]
    text = ctl("quarantine", "show", one).decode()
    assert re.search("^file +a.exe$", text, re.M)
    assert re.search("^to +b@example.org\n +c@example.org$", text, re.M)
    assert re.search("^kept +2026-11-21 09:41:12$", text, re.M)


def test_descriptions_that_are_wrong(ctl):
    for i, text in enumerate(["", "[]", '{"name": 7, "to": {}, "size": "x"}',
                              '{"name": null', "\xff\xfe"]):
        name = ctl.put(i)
        with open("%s/%s.json" % (ctl.q, name), "w") as f:
            f.write(text)
    assert len(ctl.json("quarantine", "list")) == 5
    assert len(ctl("quarantine", "list").splitlines()) == 6
    for i in range(5):
        ctl("quarantine", "show", REF % i)
    ctl("quarantine", "delete", "--yes", *(REF % i for i in range(5)))
    assert os.listdir(ctl.q) == []


def test_terminal_is_safe(ctl, folder):
    """Escape sequences, bidirectional controls: nowhere, in no form."""
    ctl.put(1, file=HOSTILE, name=HOSTILE, subject=HOSTILE, tenant=HOSTILE,
            to=[HOSTILE], qid=QID, **{"from": HOSTILE, HOSTILE: HOSTILE})
    write_journal(ctl, {"type": "virus", "qid": QID, "subject": HOSTILE,
                        HOSTILE: [HOSTILE], "time": 1795254072000})
    queue = fake_postqueue(ctl, {"queue_name": "hold", "queue_id": QID,
                                 "sender": HOSTILE, "arrival_time": 1,
                                 "recipients": [{"address": HOSTILE}]})
    for args in (("quarantine", "list"), ("quarantine", "show", REF % 1),
                 ("events",), ("quarantine", "release", QID, "--yes",
                               "--postqueue", queue, "--postsuper",
                               shutil.which("true"))):
        for more in ((), ("--json",)):
            text = ctl(*args, *more).decode()
            assert "gpj" in text
            assert not re.search("[\x00-\x09\x0b-\x1f\x80-\x9f"
                                 "\u202e]", text), args
            if not more:
                assert "\x7f" not in text


def test_errors_are_safe(ctl):
    """The same for what goes to standard error."""
    name = ctl.put(1, sha256=HOSTILE, kind="virus")
    ctl("quarantine", "export", name, "-o", ctl.folder + "/out")
    assert "pwned" in ctl.said
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", ctl.said)


# -- export

def qp(b):
    return quopri.encodestring(b)


def uu(b):
    lines = [binascii.b2a_uu(b[i:i + 45]) for i in range(0, len(b), 45)]
    return b"begin 644 x\n" + b"".join(lines) + b"`\nend\n"


def yenc(b):
    body = bytes((c + 42) % 256 for c in b)
    assert not set(body) & set(b"\0\r\n=")
    return b"=ybegin line=128 size=%d name=x\r\n%s\r\n=yend size=%d\r\n" % (
        len(b), b"\r\n".join(body[i:i + 128]
                             for i in range(0, len(body), 128)), len(b))


@pytest.mark.parametrize("encoding, encode", [
    ("identity", bytes), ("base64", base64.encodebytes),
    ("quoted-printable", qp), ("uuencode", uu), ("unknown", bytes)])
def test_export(ctl, folder, encoding, encode):
    kept = HEAD + encode(TEXT)
    digest = hashlib.sha256(TEXT).hexdigest()
    name = ctl.put(1, kept, encoding=encoding, offset=len(HEAD),
                   sha256=digest)
    assert ctl("quarantine", "export", name) == TEXT
    assert ctl.said == ""
    assert ctl("quarantine", "export", name, "--raw") == kept
    out = folder + "/out"
    said = ctl.json("quarantine", "export", REF % 1, "-o", out)
    assert said == {"entry": name, "file": out, "size": len(TEXT),
                    "sha256": digest}
    assert open(out, "rb").read() == TEXT
    assert stat.S_IMODE(os.stat(out).st_mode) == 0o600


def test_export_yenc(ctl):
    text = bytes(range(48, 120)) * 5
    name = ctl.put(1, yenc(text), encoding="yenc")
    assert ctl("quarantine", "export", name) == text


@pytest.mark.parametrize("size", [0, 1, 65535, 65536, 65537, 131072,
                                  3000001])
def test_export_sizes(ctl, size):
    """The format, as another implementation writes it."""
    content = os.urandom(size)
    name = ctl.put(1, content)
    assert ctl("quarantine", "export", "--raw", name) == content


def test_export_refusals(ctl, folder):
    name = ctl.put(1)
    out = folder + "/out"
    text, code = on_terminal([build() + "/posternctl", "-c",
                              folder + "/conf", "quarantine", "export",
                              name], b"")
    assert code == 64 and "-o FILE" in text and "X5O" not in text
    ctl("quarantine", "export", name, "--json", code=64)
    open(out, "w").close()
    ctl("quarantine", "export", name, "-o", out, code=73)
    assert "there already" in ctl.said
    assert os.path.getsize(out) == 0
    os.unlink(out)
    ctl.put(1, number=2)
    ctl("quarantine", "export", REF % 1, code=64)
    assert name in ctl.said
    os.chmod(ctl.secret, 0o640)
    ctl("quarantine", "export", name, "-o", out, code=65)
    assert "chmod 600" in ctl.said
    os.chmod(ctl.secret, 0o600)
    os.rename(ctl.secret, folder + "/moved")
    ctl("quarantine", "export", name, "-o", out, code=65)
    assert "--secret" in ctl.said
    assert not os.path.exists(out)
    ctl("quarantine", "export", name, "-o", out, "--secret",
        folder + "/moved")
    ctl("quarantine", "export", name, "-o", "/dev/full/x", code=73)


def test_export_of_damaged_entries(ctl, folder):
    name = ctl.put(1, os.urandom(200000))
    path, out = "%s/%s.sealed" % (ctl.q, name), folder + "/out"
    good = open(path, "rb").read()
    for bad in (good[:-1], good[:100], good[:112 + 65553], b"",
                good[:70000] + bytes([good[70000] ^ 1]) + good[70001:],
                good[:112] + good[112 + 65553:] + good[112:112 + 65553]):
        with open(path, "wb") as f:
            f.write(bad)
        assert ctl("quarantine", "export", name, code=65) == b""
        ctl("quarantine", "export", name, "-o", out, code=65)
        assert not os.path.exists(out)
    other = ctl.put(2)
    os.rename("%s/%s.sealed" % (ctl.q, other), path)
    assert ctl("quarantine", "export", name, code=65) == b""
    third = ctl.put(3, key="00" * 8)    # only the seal decides
    assert ctl("quarantine", "export", third) == TEXT
    with open(folder + "/other.pub", "w") as f:
        f.write("# another\n" + bytes(PrivateKey.generate().public_key).hex())
    third = sealed.put(ctl.q, f.name, REF % 3, 2, TEXT)
    assert ctl("quarantine", "export", third, code=65) == b""
    assert "was sealed for the key" in ctl.said
    fourth = ctl.put(4, offset=-1)
    ctl("quarantine", "export", fourth, code=65)
    assert "--raw" in ctl.said
    fifth = ctl.put(5, sha256="ab" * 32)
    assert ctl("quarantine", "export", fifth) == TEXT
    assert "SHA-256 is not" in ctl.said


# -- delete

def test_delete(ctl, folder):
    names = [ctl.put(i) for i in range(4)]
    ctl("quarantine", "delete", names[0], code=64)
    assert "--yes" in ctl.said
    ctl("quarantine", "delete", names[0], REF % 9, "--yes", code=66)
    assert len(os.listdir(ctl.q)) == 8      # all of them, or none
    argv = [build() + "/posternctl", "-c", folder + "/conf", "quarantine",
            "delete", names[0]]
    text, code = on_terminal(argv, b"n\n")
    assert code == 77 and "nothing was done" in text
    assert len(os.listdir(ctl.q)) == 8
    text, code = on_terminal(argv, b"y\n")
    assert code == 0 and "1 entry deleted" in text
    assert len(os.listdir(ctl.q)) == 6
    assert ctl.json("quarantine", "delete", REF % 1, names[2],
                    "-y") == {"deleted": 2}
    assert sorted(os.listdir(ctl.q)) == [names[3] + ".json",
                                         names[3] + ".sealed"]


def test_delete_older_than(ctl):
    now = int(time.time())
    ctl.put(1, kept=now - 40 * 86400)
    ctl.put(2, kept=now - 31 * 86400)
    young = ctl.put(3, kept=now - 29 * 86400)
    said = ctl.json("quarantine", "delete", "--older-than", "30d", "--yes")
    assert said == {"deleted": 2}
    left = ctl.json("quarantine", "list")
    assert [e["entry"] for e in left] == [young]


# -- release

def fake_postqueue(ctl, *messages, code=0):
    lines = "\n".join(json.dumps(m) for m in messages)
    with open(ctl.folder + "/queue", "w") as f:
        f.write(lines + "\n" if lines else "")
    return ctl.script("postqueue", 'echo "$@" >>%s/asked\ncat %s/queue\n'
                      "exit %d\n" % (ctl.folder, ctl.folder, code))


def held(**more):
    m = {"queue_name": "hold", "queue_id": QID, "arrival_time": 1795254070,
         "message_size": 500, "sender": "a@example.com",
         "recipients": [{"address": "b@example.org"}]}
    m.update(more)
    return m


@pytest.fixture
def release(ctl):
    """release(what, message..., code=): runs it; what postsuper got."""
    def run(what, *messages, code=0, more=("--yes",), postqueue=0,
            postsuper=0):
        log = ctl.folder + "/released"
        if os.path.exists(log):
            os.unlink(log)
        queue = fake_postqueue(ctl, *messages, code=postqueue)
        super_ = ctl.script("postsuper", 'printf "%%s\\n" "$@" >%s\n'
                            "echo done >&2\nexit %d\n" % (log, postsuper))
        ctl.out = ctl("quarantine", "release", what, "--postqueue", queue,
                      "--postsuper", super_, *more, code=code).decode()
        if not os.path.exists(log):
            return None
        return open(log).read().splitlines()
    return run


def test_release(ctl, release):
    ctl.put(1, qid=QID, action="hold")
    assert release(QID, held(queue_id="other"), held()) == ["-H", QID]
    for word in (QID, "a@example.com", "b@example.org", REF % 1,
                 "Eicar-Test-Signature in eicar.com"):
        assert word in ctl.out
    assert release(REF % 1, held()) == ["-H", QID]
    assert release(REF % 1 + "-1", held(),
                   more=("-y", "--config-directory", "/etc/x")) == \
        ["-c", "/etc/x", "-H", QID]
    assert open(ctl.folder + "/asked").read().splitlines()[-1] == \
        "-c /etc/x -j"


def test_release_json(ctl, release):
    ctl.put(1, qid=QID)
    release(QID, held(), more=("--yes", "--json"))
    said = json.loads(ctl.out)
    assert said["released"] == QID
    assert said["known"][0]["reference"] == REF % 1
    assert said["queue"]["sender"] == "a@example.com"


def test_release_asks(ctl, release, folder):
    ctl.put(1, qid=QID)
    assert release(QID, held(), more=(), code=64) is None
    argv = [build() + "/posternctl", "-c", folder + "/conf", "quarantine",
            "release", QID, "--postqueue", folder + "/postqueue",
            "--postsuper", folder + "/postsuper"]
    text, code = on_terminal(argv, b"no\n")
    assert code == 77 and "Eicar" in text
    assert not os.path.exists(folder + "/released")
    text, code = on_terminal(argv, b"yes\n")
    assert code == 0 and "is released" in text
    assert os.path.exists(folder + "/released")


def test_release_refuses(ctl, release):
    ctl.put(1, qid=QID)
    assert release(QID, code=66) is None
    assert "has no message" in ctl.said
    assert release(QID, held(queue_id=QID + "x"), code=66) is None
    assert release(QID, held(queue_name="deferred"), code=65) is None
    assert "not held" in ctl.said
    assert release(REF % 2, held(), code=66) is None
    # The queue id is another message's now, which came later.
    assert release(REF % 1, held(arrival_time=1795254072 + 999),
                   code=66) is None
    assert "another message" in ctl.said
    assert release(QID, held(), postsuper=1, code=69) == ["-H", QID]
    assert "still held" in ctl.said


def test_release_of_what_postern_does_not_know(ctl, release):
    """Held for another reason: it is shown, and can go."""
    ctl.put(1, qid=QID)
    assert release(QID, held(arrival_time=1795254072 + 999)) == ["-H", QID]
    assert "nothing that postern still knows of" in ctl.out
    assert "Eicar" not in ctl.out


def test_release_without_postqueue(ctl, release):
    assert release(QID, postqueue=69, code=66) is None
    write_journal(ctl, {"type": "virus", "qid": QID, "action": "hold",
                        "reference": REF % 7, "from": "a@example.com",
                        "to": ["b@example.org"], "time": 1795254072000,
                        "finds": [{"name": "Eicar", "file": "e.com"}]})
    assert release(QID, postqueue=69) == ["-H", QID]
    assert "Eicar in e.com" in ctl.out and "could not be asked" in ctl.out
    assert release(REF % 7, postqueue=69) == ["-H", QID]


def test_release_reads_a_long_queue(ctl, release):
    many = [{"address": "r%d@example.org" % i} for i in range(5000)]
    queue = [held(queue_id="Q%d" % i, recipients=many[:50])
             for i in range(500)]
    assert release(QID, *queue, held(recipients=many)) == ["-H", QID]
    assert "and 4980 more" in ctl.out
    garbage = ctl.script("postqueue", "printf 'x\\n{\"queue_id\": \"%s\"\\n"
                         "[]\\n'; exit 0" % QID)
    ctl("quarantine", "release", QID, "--postqueue", garbage, code=66)


def test_commands_that_are_not_there(ctl):
    ctl.put(1, qid=QID)
    ctl("quarantine", "release", QID, "--yes", "--postqueue", "/nonexistent",
        "--postsuper", "/nonexistent", code=69)
    assert "/nonexistent" in ctl.said


@pytest.mark.root
def test_release_with_postfix(ctl, begin_postfix):
    """The real commands: a message that Postfix holds, and lets go."""
    p = begin_postfix(settings="header_checks = static:HOLD\n")
    p.sendmail(b"From: a@example.com\nSubject: x\n\ntext\n",
               "-f", "a@example.com", "b@example.org")
    qid = wait_for("the held message", lambda: [
        m["queue_id"] for m in p.queue() if m["queue_name"] == "hold"])[0]
    ctl.put(1, qid=qid, action="hold", kept=int(time.time()))
    text = ctl("quarantine", "release", REF % 1, "--yes",
               "--config-directory", p.dir + "/etc").decode()
    assert "a@example.com" in text and "is released" in text
    wait_for("the message to go", lambda: not p.queue())
    ctl("quarantine", "release", qid, "--yes", "--config-directory",
        p.dir + "/etc", code=66)
    assert "has no message" in ctl.said


# -- events

def write_journal(ctl, *events):
    folder = ctl.folder + "/journal"
    os.makedirs(folder, mode=0o750, exist_ok=True)
    with open(folder + "/postern-0000000001.jsonl", "a") as f:
        for e in events:
            head = {"id": "0" * 26, "type": "virus", "time": 0,
                    "tenant": "", "v": 1}
            head.update(e)
            f.write(json.dumps(head, separators=(",", ":")) + "\n")


def test_events(ctl):
    now = int(time.time() * 1000)
    write_journal(ctl, {"time": now - 86400000, "qid": "A1", "to": ["x"]},
                  {"time": now - 1000, "qid": "A2", "tenant": "b.example"},
                  {"time": now, "type": "gap", "n": 3})

    def lines(*args):
        return [json.loads(line) for line in
                ctl("events", "--json", *args).splitlines()]
    assert [e["type"] for e in lines()] == ["virus", "virus", "gap"]
    assert [e.get("qid") for e in lines("--type", "virus")] == ["A1", "A2"]
    assert [e.get("qid") for e in lines("--since", "1h")] == ["A2", None]
    assert [e["qid"] for e in lines("-t", "b.example")] == ["A2"]
    text = ctl("events").decode().splitlines()
    assert len(text) == 3
    assert "virus - id=" in text[0] and "qid=A1" in text[0]
    assert "gap" in text[2] and "n=3" in text[2]


def test_events_follow(ctl):
    write_journal(ctl, {"qid": "A1"})
    proc = subprocess.Popen([build() + "/posternctl", "-c",
                             ctl.folder + "/conf", "events", "--follow"],
                            stdout=subprocess.PIPE)
    try:
        assert b"qid=A1" in proc.stdout.readline()
        write_journal(ctl, {"qid": "A2"})
        assert b"qid=A2" in proc.stdout.readline()
        assert proc.poll() is None
    finally:
        proc.send_signal(signal.SIGINT)
        proc.wait(10)
        proc.stdout.close()


# -- the manual and the description

def commands():
    """(group, command) of the table, with options; from the help."""
    text = subprocess.run([build() + "/posternctl", "help"], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    found = []
    for line in text.partition("For all commands")[0].splitlines()[1:]:
        if line.strip():
            words = line.split()
            found.append(words[:2] if words[0] == "quarantine" else
                         words[:1])
    return found


def test_every_command_is_in_the_manual():
    """And every option of each, in its own paragraph; and nothing else."""
    with open(TOP + "/man/posternctl.8.in") as f:
        page = f.read().partition(".Sh COMMANDS")[2].partition("\n.Sh ")[0]
    parts = re.split(r"^\.It Ic (.*)$", page, flags=re.M)[1:]
    described = {}
    for head, body in zip(parts[::2], parts[1::2]):
        words = re.split(r" (?:Op|Ar|Fl|Ns|Oc|Oo|\|)", head)[0].split()
        described[tuple(words)] = head + body
    found = [tuple(c) for c in commands()]
    assert sorted(described) == sorted(found) and len(found) > 6
    for c in found:
        text = subprocess.run([build() + "/posternctl", *c, "--help"],
                              stdout=subprocess.PIPE).stdout.decode()
        own = text.partition("-c, --config")[0]
        for name in re.findall(r"--([a-z-]+)", own):
            assert "-" + name.replace("-", "\\-") in described[c] or \
                "-" + name in described[c], (c, name)


def test_exit_codes_of_the_manual():
    used = set()
    for name in os.listdir(TOP + "/milter/ctl"):
        with open(TOP + "/milter/ctl/" + name) as f:
            used |= set(re.findall(r"\bEX_[A-Z]+\b", f.read()))
    codes = {"EX_OK": 0, "EX_USAGE": 64, "EX_DATAERR": 65, "EX_NOINPUT": 66,
             "EX_UNAVAILABLE": 69, "EX_OSERR": 71, "EX_CANTCREAT": 73,
             "EX_IOERR": 74, "EX_NOPERM": 77, "EX_CONFIG": 78}
    with open(TOP + "/man/posternctl.8.in") as f:
        listed = f.read().partition(".Sh EXIT STATUS")[2]
    assert {int(n) for n in re.findall(r"^\.It (\d+)$", listed, re.M)} == \
        {codes[name] for name in used}
