# SPDX-License-Identifier: BSD-2-Clause
"""What tests/run-postern promises to any test, ours or an outsider's: started
here with its environment variables and nothing else."""
import contextlib
import glob
import os
import re
import signal
import subprocess
import time

import pytest

import authres
import milterclient
from test_conf import build
from tools import TOP, WITH_US, accepts, alive, children, stop, wait_for
from world import HOST, STRANGER, mail

COMMAND = TOP + "/tests/run-postern"
NAMES = ("RUN", "SOCK", "DNS", "AUTHSERV_ID", "KEYS", "SIGN", "OUTBOUND",
         "ENFORCE", "EXTRA", "EICAR_DB")
LIMIT = 5           # seconds from TERM to the end


def environment(**env):
    out = {k: v for k, v in os.environ.items() if k not in NAMES}
    return dict(out, POSTERN_BUILD=build(), **env)


@contextlib.contextmanager
def running(sock, cwd=None, **env):
    """run-postern until it accepts at sock; it must end well."""
    proc = subprocess.Popen(WITH_US + [COMMAND], env=environment(**env),
                            cwd=cwd, stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)
    try:
        wait_for("run-postern", lambda: proc.poll() is not None or
                 accepts(sock() if callable(sock) else sock), 60)
        assert proc.poll() is None, proc.returncode
        yield proc
    finally:
        code = stop(proc, LIMIT)
    assert code == 0


def fails(**env):
    done = subprocess.run([COMMAND], env=environment(**env), timeout=60,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout.decode()


def good(sock, **how):
    how.setdefault("client", HOST)
    return milterclient.submit(sock, mail("x@good.example"),
                               sender="x@good.example", **how)


# -- each variable

def test_nothing_set(folder):
    """A folder of its own that goes at the end; DMARC is enforced."""
    def sock():
        made = glob.glob(folder + "/tmp/*/milter.sock")
        return made[0] if made else folder + "/none"

    os.mkdir(folder + "/tmp")
    with running(sock, TMPDIR=folder + "/tmp"):
        assert os.stat(sock()).st_mode & 0o777 == 0o666
        with open(os.path.dirname(sock()) + "/postern.conf") as f:
            conf = f.read()
        assert "dmarc = enforce" in conf and "nameservers" not in conf
        assert "outbound-networks = {}" in conf
    assert os.listdir(folder + "/tmp") == []


def test_relative_names(folder, world):
    os.mkdir(folder + "/k")
    for name in ("example.org", "example.net"):
        os.symlink("%s/%s.key" % (world.keys, name),
                   "%s/k/%s.key" % (folder, name))
    with open(folder + "/more", "w") as f:
        f.write("received-spf = yes\n")
    with running(folder + "/s", cwd=folder, RUN="r", SOCK="s", KEYS="k",
                 EXTRA="more", DNS=world.dns.address):
        assert len(good(folder + "/s").all("Received-SPF")) == 1
        out = milterclient.submit(folder + "/s", mail("b@example.org"),
                                  sender="b@example.org", login="b")
        assert [s[3] for s in world.verify(out.message())] == [True]


def test_each_variable(folder, world):
    with running(folder + "/s", RUN=folder + "/r", SOCK=folder + "/s",
                 DNS=world.dns.address, AUTHSERV_ID="gate.example.net",
                 KEYS=world.keys, SIGN="example.net",
                 OUTBOUND="203.0.113.0/24 2001:db8::/32",
                 ENFORCE="monitor"):
        out = good(folder + "/s")
        assert out.all("Authentication-Results")[0].startswith(
            "gate.example.net;")
        assert good(folder + "/s", client=STRANGER).accepted    # monitor

        def signatures(author, **how):
            out = milterclient.submit(folder + "/s", mail(author),
                                      sender=author, **how)
            return len(out.all("DKIM-Signature"))

        assert signatures("b@example.net", client="203.0.113.5") == 1
        assert signatures("b@example.net", client="2001:db8::5") == 1
        assert signatures("b@example.net", client="127.0.0.1") == 0
        assert signatures("b@example.net", login="b") == 1
        assert signatures("b@example.org", login="b") == 0      # SIGN


def test_two_at_once(folder, world):
    with running(folder + "/a", SOCK=folder + "/a", DNS=world.dns.address), \
            running(folder + "/b", SOCK=folder + "/b",
                    DNS=world.dns.address, ENFORCE="monitor"):
        how = dict(client=STRANGER)
        assert good(folder + "/a", **how).word == "reject"
        assert good(folder + "/b", **how).word == "accept"


@pytest.mark.parametrize("env, code, words", [
    (dict(ENFORCE="perhaps"), 78, "dmarc"),
    (dict(DNS="localhost"), 78, "nameservers"),
    (dict(OUTBOUND="192.0.2.0/99"), 78, "outbound-networks"),
    (dict(AUTHSERV_ID="a b"), 78, "authserv-id"),
    (dict(KEYS="/no/such/folder"), 78, "/no/such/folder"),
    (dict(SIGN="example.org"), 78, "KEYS"),
    (dict(EXTRA="/no/such/file"), 78, "/no/such/file"),
    (dict(SIGN="a..b", KEYS="/tmp"), 78, "a..b"),
    (dict(RUN="/proc/none"), 73, "/proc/none"),
    (dict(POSTERN_BUILD="/tmp"), 69, "build it first"),
], ids=lambda x: " ".join(x) if isinstance(x, dict) else "")
def test_wrong_ones(env, code, words):
    env = dict(env)
    if "POSTERN_BUILD" in env:
        done = subprocess.run([COMMAND], env=dict(environment(), **env),
                              stdout=subprocess.PIPE, timeout=60,
                              stderr=subprocess.STDOUT)
        got = done.returncode, done.stdout.decode()
    else:
        got = fails(**env)
    assert (got[0], words in got[1]) == (code, True), got


@pytest.mark.parametrize("extra, words", [
    ('domain "a.example" { key "s" { file = "relative" } }\n', "file"),
    ("include(\"/no/such/file\")\n", "/no/such/file"),
    ("\x00\x01", "extra"),
    ("dmarc = enforce", None),              # no final newline
])
def test_extra(folder, world, extra, words):
    path = folder + "/extra"
    with open(path, "w") as f:
        f.write(extra)
    if words is None:
        with running(folder + "/s", SOCK=folder + "/s", EXTRA=path,
                     DNS=world.dns.address):
            assert good(folder + "/s").accepted
    else:
        code, said = fails(EXTRA=path)
        assert (code, words in said) == (78, True), said


# -- its end

def test_ends_in_time_whatever_its_peers_do(folder, world):
    """Messages that never end, half packets, peers that do not read."""
    with running(folder + "/s", RUN=folder + "/r", SOCK=folder + "/s",
                 DNS=world.dns.address, KEYS=world.keys) as proc:
        peers = [milterclient.Milter(folder + "/s") for _ in range(6)]
        for i, m in enumerate(peers):
            m.connect(HOST)
            m.helo()
            if i > 1:
                assert m.mail("x@good.example").go_on
            if i > 3:
                m.cut("B", b"x" * 1000, 100)
        below = children(proc.pid)
        assert len(below) == 2
        began = time.monotonic()
        proc.send_signal(signal.SIGTERM)
        proc.wait(20)
        assert time.monotonic() - began < LIMIT
        assert not [p for p in below if alive(p)]
        for m in peers:
            m.close()


def test_term_before_it_is_ready(folder, world):
    for delay in (0, 0.05, 0.15):
        proc = subprocess.Popen(
            [COMMAND], env=environment(RUN=folder + "/r", KEYS=world.keys),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(delay)
        below = children(proc.pid)
        proc.terminate()
        proc.wait(LIMIT)
        wait_for("its children to end", lambda: not [
            p for p in below if alive(p)], LIMIT)


# -- full disk

@pytest.fixture
def full_disk(folder):
    """A command prefix; below it folder/full is a full file system."""
    os.mkdir(folder + "/full")
    script = 'mount -t tmpfs -o size=64k tmpfs "$0/full" && ' \
        '{ cat /dev/zero > "$0/full/zero" || true; } 2>/dev/null; exec "$@"'
    prefix = ["unshare", "-m", "sh", "-c", script, folder]
    if subprocess.run([*prefix, "true"],
                      stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no mount namespaces here")
    return prefix


@pytest.mark.root
def test_full_disk_at_the_start(full_disk, folder):
    """It does not start with half a configuration."""
    done = subprocess.run(
        [*full_disk, COMMAND], timeout=60, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env=environment(RUN=folder + "/full"))
    assert done.returncode == 73, done.stdout
    assert b"cannot be written" in done.stdout


@pytest.mark.root
def test_full_disk_under_the_log(full_disk, folder, world):
    """Mail goes on in and out while no line of the log can be written."""
    script = 'exec "$0" >> "%s/full/log" 2>&1' % folder
    proc = subprocess.Popen(
        [*full_disk, "sh", "-c", script, COMMAND],
        env=environment(RUN=folder + "/r", KEYS=world.keys,
                        DNS=world.dns.address))
    try:
        sock = folder + "/r/milter.sock"
        wait_for("run-postern", lambda: accepts(sock))
        for _ in range(3):
            assert good(sock).accepted
            out = milterclient.submit(sock, mail("b@example.org"),
                                      sender="b@example.org", login="b")
            assert [s[3] for s in world.verify(out.message())] == [True]
    finally:
        assert stop(proc, 20) == 0


# -- what an accepted message always carries

ACCEPTED = {
    "nothing known": dict(author="x@a.nowhere.example",
                          sender="x@b.nowhere.example"),
    "null sender": dict(author="x@evil.example", sender=""),
    "no HELO name": dict(author="x@evil.example", helo=""),
    "odd sender": dict(author="x@evil.example", sender="nobody"),
    "8-bit sender": dict(author="x@evil.example", sender=b"x@\xff.example"),
    "no client address": dict(author="x@evil.example", client=""),
    "IPv6": dict(author="x@good.example", client="2001:db8::10",
                 sender="x@good.example"),
    "DNS errors": dict(author="x@evil.example", sender="x@broken.example"),
    "fail without policy": dict(author="x@none.example", client=STRANGER,
                                sender="x@evil.example"),
    "postmaster": dict(author="x@good.example", client=STRANGER,
                       sender="x@evil.example",
                       rcpts=["postmaster@example.org"]),
    "several authors": dict(author=["x@evil.example", "y@none.example"]),
}
SIGNATURES = "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s1; h=from; " \
    "bh=YQ==; b=YQ==\r\nDKIM-Signature: v=1; a=rsa-sha256; c=relaxed;\r\n" \
    "\td=b.example; s=s2; h=from; bh=%s; b=YQ==\r\n" % ("A" * 43 + "=")


@pytest.mark.parametrize("case", ACCEPTED)
def test_an_accepted_message_carries_all_results(enforcing, world, case):
    how = dict(dict(client=HOST, sender="x@evil.example"), **ACCEPTED[case])
    author = how.pop("author")
    raw = world.signed(mail(author, head=SIGNATURES), "evil.example")
    out = enforcing.submit(raw, **how)
    assert out.accepted, out
    assert out.fields[0][0] == b"Authentication-Results"
    got = authres.of(out)
    spf = [r for r in got if r.method == "spf"]
    assert spf and all("smtp.mailfrom" in r.props or "smtp.helo" in r.props
                       for r in spf)
    dkim = [(r["header.d"], r["header.s"]) for r in got if r.method == "dkim"]
    assert sorted(dkim) == [("a.example", "s1"), ("b.example", "s2"),
                            ("evil.example", "s1")]
    dmarc = authres.one(got, "dmarc")
    assert dmarc["header.from"].endswith(".example")
    assert dmarc["policy.dmarc"] in ("none", "quarantine", "reject")


@pytest.mark.parametrize("extra, sender, code", [
    ("", "x@evil.example", "550 5.7.26"),
    ("spf-fail = reject\n", "x@none.example", "550 5.7.23"),
    ("spf-fail = reject\n", "x@broken.example", "451 4.7.24"),
])
def test_a_refused_one_the_codes_of_rfc_7372(start, extra, sender, code):
    p = start(extra=extra)
    author = "good.example" if not extra else "evil.example"
    out = p.submit(mail("x@" + author), client=STRANGER, sender=sender)
    assert out.final.line.startswith(code), out
    assert re.search(r"\.example", out.final.line)
