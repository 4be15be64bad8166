# SPDX-License-Identifier: BSD-2-Clause
"""postern-sign by itself: the real program, asked over a raw socket."""
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time

import pytest

import keys
from tools import TOP, accepts, stop, wait_for

ASK, SAY, PING, PONG = 1, 2, 3, 4
RSA, ED = 1, 2
OK, NO_KEY, BAD_KEY, WRONG_ALGORITHM = range(4)
DIGEST = bytes(range(32))
NOBODY = 65534


def program():
    """As tests/run-postern finds it."""
    given = os.environ.get("POSTERN_BUILD")
    places = [given] if given else [TOP, TOP + "/build"]
    found = [p + "/postern-sign" for p in places
             if os.path.exists(p + "/postern-sign")]
    assert found, "build postern-sign first"
    return max(found, key=os.path.getmtime)


def span(s):
    return struct.pack(">H", len(s)) + s


def frame(kind, payload, magic=b"PSTN", version=1, length=None):
    n = len(payload) if length is None else length
    return magic + struct.pack(">HHI", kind, version, n) + payload


def question(items, nonce=7):
    out = struct.pack(">QB", nonce, len(items))
    for domain, selector, algorithm in items:
        out += span(domain.encode()) + span(selector.encode())
        out += bytes([algorithm]) + DIGEST
    return frame(ASK, out)


class Peer:
    """One connection to the signer."""

    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(20)
        self.s.connect(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def exactly(self, n):
        out = b""
        while len(out) < n:
            got = self.s.recv(n - len(out))
            if not got:
                raise EOFError
            out += got
        return out

    def answer(self):
        magic, kind, version, n = struct.unpack(">4sHHI", self.exactly(12))
        assert (magic, version) == (b"PSTN", 1)
        return kind, self.exactly(n)

    def ask(self, *items, nonce=7):
        """[(status, signature or reason)] for (domain, selector, algo)."""
        self.s.sendall(question(items, nonce))
        kind, body = self.answer()
        assert kind == SAY
        assert struct.unpack(">QB", body[:9]) == (nonce, len(items))
        out, body = [], body[9:]
        for _ in items:
            status, n = struct.unpack(">BH", body[:3])
            out.append((status, body[3:3 + n]))
            body = body[3 + n:]
        assert not body
        return out

    def ping(self):
        self.s.sendall(frame(PING, b""))
        kind, body = self.answer()
        assert kind == PONG
        return struct.unpack(">II", body)

    def closed(self):
        try:
            return self.s.recv(1) == b""
        except ConnectionResetError:
            return True


class Signer:
    def __init__(self, folder):
        self.dir = folder
        self.sock = folder + "/sign.sock"
        self.conf = folder + "/postern.conf"
        self.log_path = folder + "/log"
        self.extra, self.sections = "", []
        self.proc = None

    def key(self, domain, algorithm="rsa", selector="s1", path=None, **how):
        if path is None:
            path = "%s/%s.%s.key" % (self.dir, domain, selector)
            keys.make(path, algorithm, **how)
        self.sections.append(
            'domain "%s" { key "%s" { file = "%s" algorithm = %s-sha256 } }'
            % (domain, selector, path, algorithm))
        return path

    def write(self):
        with open(self.conf, "w") as f:
            # Settings of other programs are not the signer's business.
            f.write('authserv-id = "mx.example.org"\n'
                    'trusted-forwarder "l" { networks = { "192.0.2.1" } }\n'
                    'sign-socket = "%s"\n%s\n%s\n' %
                    (self.sock, self.extra, "\n".join(self.sections)))

    def start(self, *args, **env):
        self.write()
        with open(self.log_path, "wb") as log:
            self.proc = subprocess.Popen(
                [program(), "-f", "-c", self.conf, *args], stderr=log,
                stdin=subprocess.DEVNULL, env=dict(os.environ, **env))
        wait_for("postern-sign to listen", self.ready)
        return self

    def ready(self):
        assert self.proc.poll() is None, self.log()
        return "started" in self.log() and accepts(self.sock)

    def log(self):
        with open(self.log_path) as f:
            return f.read()

    def says(self, text):
        wait_for("the log to say " + text, lambda: text in self.log())

    def peer(self):
        return Peer(self.sock)

    def status(self, name):
        with open("/proc/%d/status" % self.proc.pid) as f:
            found = re.search("^%s:\\s*(.*)$" % name, f.read(), re.M)
        return found.group(1) if found else None

    def check(self):
        """postern-sign -t: code and what it says."""
        self.write()
        done = subprocess.run([program(), "-t", "-c", self.conf],
                              stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def stop(self):
        code = stop(self.proc)
        assert code == 0, self.log()
        assert "anitizer:" not in self.log(), self.log()


@pytest.fixture
def signer(folder):
    s = Signer(folder)
    yield s
    if s.proc is not None and s.proc.poll() is None:
        s.stop()


@pytest.fixture(scope="module")
def shared(scratch):
    """One signer with an RSA and an Ed25519 key, for many tests."""
    os.mkdir(scratch + "/signer")
    s = Signer(scratch + "/signer")
    s.key("rsa.example")
    s.key("ed.example", "ed25519")
    s.start()
    yield s
    s.stop()


def verifies(path, algorithm, signature, folder):
    """What the openssl command thinks of a signature over DIGEST."""
    for name, data in (("sig", signature), ("digest", DIGEST)):
        with open("%s/%s" % (folder, name), "wb") as f:
            f.write(data)
    how = ["-pkeyopt", "digest:sha256"] if algorithm == RSA else ["-rawin"]
    return subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-inkey", path, *how, "-in",
         folder + "/digest", "-sigfile", folder + "/sig"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


# -- what it signs

@pytest.mark.parametrize("domain,algorithm,size", [("rsa.example", RSA, 256),
                                                   ("ed.example", ED, 64)])
def test_signature_verifies(shared, folder, domain, algorithm, size):
    path = "%s/%s.s1.key" % (shared.dir, domain)
    with shared.peer() as p:
        (status, signature), = p.ask((domain, "s1", algorithm))
    assert (status, len(signature)) == (OK, size)
    assert verifies(path, algorithm, signature, folder)
    broken = signature[:-1] + bytes([signature[-1] ^ 1])
    assert not verifies(path, algorithm, broken, folder)


def test_several_questions_in_one(shared):
    with shared.peer() as p:
        got = p.ask(("none.example", "s1", RSA), ("rsa.example", "s1", RSA),
                    ("ed.example", "s1", RSA), ("ed.example", "s1", ED),
                    nonce=2 ** 64 - 1)
        assert [g[0] for g in got] == [NO_KEY, OK, WRONG_ALGORITHM, OK]
        assert p.ask(("rsa.example", "S1", RSA)) == [got[1]]
        assert p.ping() == (2, 2)


# -- bad records

def ask_raw(body):
    return frame(ASK, struct.pack(">QB", 1, 1) + body)


BAD = {
    "magic": frame(PING, b"", magic=b"PSTM"),
    "version": frame(PING, b"", version=2),
    "kind": frame(9, b""),
    "answer": frame(SAY, b""),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "huge": frame(ASK, b"", length=2 ** 32 - 1),
    "too long": frame(ASK, b"", length=8193),
    "ping with payload": frame(PING, b"x"),
    "empty": frame(ASK, b""),
    "no items": frame(ASK, struct.pack(">QB", 1, 0)),
    "255 items": frame(ASK, struct.pack(">QB", 1, 255)),
    "cut name": ask_raw(b"\xff\xffx"),
    "cut digest": ask_raw(span(b"a") + span(b"s") + b"\1" + DIGEST[:-1]),
    "algorithm": ask_raw(span(b"a") + span(b"s") + b"\3" + DIGEST),
    "no domain": ask_raw(span(b"") + span(b"s") + b"\1" + DIGEST),
    "odd domain": ask_raw(span(b"../a") + span(b"s") + b"\1" + DIGEST),
    "long domain": ask_raw(span(b"a" * 300) + span(b"s") + b"\1" + DIGEST),
    "NUL": ask_raw(span(b"a\0b") + span(b"s") + b"\1" + DIGEST),
    "rest": ask_raw(span(b"a") + span(b"s") + b"\1" + DIGEST + b"x"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_record_ends_the_connection(shared, name):
    with shared.peer() as p:
        p.s.sendall(BAD[name])
        assert p.closed()
    with shared.peer() as p:
        assert p.ping() == (2, 2)


def test_cut_records(shared):
    whole = question([("ed.example", "s1", ED)])
    for n in range(1, len(whole)):
        with shared.peer() as p:
            p.s.sendall(whole[:n])
            p.s.shutdown(socket.SHUT_WR)
            assert p.closed()


def test_slow_record(shared):
    """Byte by byte is fine, within five seconds."""
    whole = question([("ed.example", "s1", ED)])
    with shared.peer() as p:
        for i in range(len(whole)):
            p.s.sendall(whole[i:i + 1])
            time.sleep(0.005)
        assert p.answer()[0] == SAY
        p.s.sendall(whole[:20])
        begin = time.monotonic()
        assert p.closed()
        assert 3 < time.monotonic() - begin < 15


def test_reader_that_does_not_read(shared):
    """Many questions and no reading: others are served all the same."""
    with shared.peer() as p:
        p.s.setblocking(False)
        try:
            for _ in range(100000):
                p.s.send(question([("ed.example", "s1", ED)] * 8))
        except BlockingIOError:
            pass
        with shared.peer() as other:
            assert other.ping() == (2, 2)


def test_more_connections_than_places(shared):
    peers = [shared.peer() for _ in range(100)]
    assert peers[-1].ping() == (2, 2)
    for p in peers:
        p.s.close()


# -- keys

def test_bad_keys_do_not_stop_it(signer):
    signer.key("good.example")
    signer.key("missing.example", path=signer.dir + "/nothing.key")
    os.chmod(signer.key("open.example", "ed25519"), 0o644)
    signer.key("weak.example", bits=1024)
    signer.key("short.example", bits=1000)
    signer.key("other.example", "ed25519",
               path=signer.dir + "/good.example.s1.key")
    signer.start()
    with signer.peer() as p:
        assert p.ping() == (6, 2)
        got = p.ask(("good.example", "s1", RSA), ("weak.example", "s1", RSA),
                    ("missing.example", "s1", RSA),
                    ("open.example", "s1", ED), ("short.example", "s1", RSA),
                    ("other.example", "s1", ED))
    assert [g[0] for g in got] == [OK, OK] + [BAD_KEY] * 4
    for (_, reason), words in zip(got[2:], (
            b"does not exist", b"run chmod 600", b"only 1000 bits",
            b"no Ed25519 key")):
        assert words in reason
    log = signer.log()
    assert "s1._domainkey.missing.example" in log
    assert "weak.example.s1.key has only 1024 bits" in log
    assert "6 keys, 4 of them cannot be used" in log


def test_key_that_comes_later(signer):
    path = signer.dir + "/later.key"
    signer.key("late.example", "ed25519", path=path)
    signer.start()
    with signer.peer() as p:
        assert p.ask(("late.example", "s1", ED))[0][0] == BAD_KEY
        keys.make(path, "ed25519")
        wait_for("the key to be read", lambda: p.ask(
            ("late.example", "s1", ED))[0][0] == OK, every=0.3)


def test_check(signer):
    signer.key("a.example", "ed25519")
    code, said = signer.check()
    assert code == 0 and "1 keys can be read" in said
    path = signer.key("b.example", "ed25519")
    os.chmod(path, 0o604)
    code, said = signer.check()
    assert code == 78 and "run chmod 600 " + path in said
    os.chmod(path, 0o600)
    signer.extra = "sign-cache = many"
    code, said = signer.check()
    assert code == 78 and "sign-cache" in said


@pytest.mark.root
def test_key_of_somebody_else(signer):
    path = signer.key("a.example", "ed25519")
    os.chown(path, NOBODY, NOBODY)
    code, said = signer.check()
    assert code == 78 and "chown" in said


# -- configuration, signals

WRONG = {
    'domain "x" {\n': "is missing",
    'domain "x" { key "s" { } }': "needs file",
    "sign-socket-mode = rw": "octal",
    'sign-clients = { "no-such-user-here" }': "no-such-user-here",
    'sign-user = "no-such-user-here"': "no-such-user-here",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_configuration(signer, wrong):
    signer.extra = wrong
    signer.write()
    done = subprocess.run([program(), "-f", "-c", signer.conf], text=True,
                          stderr=subprocess.PIPE, timeout=20)
    assert done.returncode == 78
    assert WRONG[wrong] in done.stderr


def test_options():
    run = subprocess.run([program(), "-V"], stdout=subprocess.PIPE, text=True)
    assert run.returncode == 0 and run.stdout.startswith("postern-sign ")
    assert subprocess.run([program(), "-x"],
                          stderr=subprocess.DEVNULL).returncode == 64
    assert subprocess.run([program(), "-f", "-c", "/nothing/here"],
                          stderr=subprocess.DEVNULL).returncode == 78


def test_reload(signer):
    signer.key("a.example", "ed25519")
    signer.start()
    with signer.peer() as p:
        before = p.ask(("a.example", "s1", ED))
        # A wrong file: the old configuration stays.
        good = list(signer.sections)
        signer.sections.append("domain {")
        signer.write()
        signer.proc.send_signal(signal.SIGHUP)
        signer.says("the old one stays")
        assert re.search(r"postern\.conf:\d+: ", signer.log())
        assert p.ask(("a.example", "s1", ED)) == before
        # A right one, with one key more and another in the old file.
        signer.sections = good
        keys.make(signer.dir + "/a.example.s1.key", "ed25519")
        signer.key("b.example", "ed25519")
        signer.write()
        signer.proc.send_signal(signal.SIGHUP)
        signer.says("reloaded: 2 keys, 0 of them")
        got = p.ask(("a.example", "s1", ED), ("b.example", "s1", ED))
        assert [g[0] for g in got] == [OK, OK]
        assert got[0] != before[0]


def test_term_is_quick(signer):
    signer.key("a.example", "ed25519")
    signer.start()
    with signer.peer() as idle, signer.peer() as half:
        idle.ping()
        half.s.sendall(question([("a.example", "s1", ED)])[:30])
        time.sleep(0.1)
        begin = time.monotonic()
        signer.proc.send_signal(signal.SIGTERM)
        assert signer.proc.wait(10) == 0
        assert time.monotonic() - begin < 3
        assert idle.closed()
    # The socket that it left behind is no obstacle.
    signer.start()


def test_second_signer_is_refused(signer):
    signer.start()
    done = subprocess.run([program(), "-f", "-c", signer.conf], text=True,
                          stderr=subprocess.PIPE, timeout=20)
    assert done.returncode == 69
    assert signer.sock in done.stderr


def test_notify(signer):
    path = signer.dir + "/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(20)
        signer.start(NOTIFY_SOCKET=path)
        assert s.recv(100) == b"READY=1"
        signer.proc.send_signal(signal.SIGHUP)
        assert s.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert s.recv(100) == b"READY=1"
        signer.stop()
        assert s.recv(100) == b"STOPPING=1"


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_socket_activation(signer):
    signer.key("a.example", "ed25519")
    signer.write()
    with socket.socket(socket.AF_UNIX) as s, \
            open(signer.log_path, "wb") as log:
        s.bind(signer.sock)
        s.listen(5)
        signer.proc = subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, str(s.fileno()), program(),
             "-f", "-c", signer.conf], pass_fds=[s.fileno()], stderr=log)
        with signer.peer() as p:
            assert p.ping() == (1, 1)


# -- who may ask, and what it can still do

AS_NOBODY = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
try:
    s.sendall(b"PSTN\\0\\3\\0\\1\\0\\0\\0\\0")
    print(len(s.recv(100)))
except (BrokenPipeError, ConnectionResetError):
    print(0)
"""


def ask_as_nobody(signer):
    """Bytes that a process of the user nobody gets for a ping."""
    return int(subprocess.run(
        ["setpriv", "--reuid", str(NOBODY), "--clear-groups",
         sys.executable, "-c", AS_NOBODY, signer.sock], check=True,
        stdout=subprocess.PIPE).stdout)


@pytest.mark.root
def test_strangers_are_refused(signer):
    signer.extra = "sign-socket-mode = 0666"
    signer.key("a.example", "ed25519")
    signer.start()
    assert ask_as_nobody(signer) == 0
    signer.says("user id %d" % NOBODY)
    with signer.peer() as p:
        assert p.ping() == (1, 1)
    signer.stop()
    signer.extra += '\nsign-clients = { "nobody" }'
    signer.start()
    assert ask_as_nobody(signer) == 12 + 8


@pytest.mark.root
def test_user_of_its_own(signer):
    signer.extra = 'sign-user = "nobody"'
    path = signer.key("a.example", "ed25519")
    os.chown(path, NOBODY, NOBODY)
    signer.key("root.example", "ed25519")
    signer.start()
    assert signer.status("Uid").split() == [str(NOBODY)] * 4
    with signer.peer() as p:
        got = p.ask(("a.example", "s1", ED), ("root.example", "s1", ED))
    assert [g[0] for g in got] == [OK, BAD_KEY]
    assert b"cannot be read by user id %d" % NOBODY in got[1][1]


def test_confinement(shared):
    """As far as this kernel and container allow; the log says how far."""
    log = shared.log()
    assert shared.status("NoNewPrivs") == "1"
    with open("/proc/%d/limits" % shared.proc.pid) as f:
        assert re.search(r"Max core file size\s+0\s+0\s", f.read())
    if "built with the sanitizers" in log:
        assert "system call filter off" in log
        return
    filtered = "system call filter on" in log
    assert (shared.status("Seccomp") == "2") or not filtered
    assert filtered or "no system call filter" in log
    # All memory, or the keys' only, or a line that says why not.
    assert int(shared.status("VmLck").split()[0]) > 0 or \
        "memory is not locked" in log
    # Nobody but root can look into a process that is not dumpable.
    assert os.stat("/proc/%d/environ" % shared.proc.pid).st_uid == 0


def test_links_no_more_than_it_should():
    """Only the crypto, configuration and filter libraries."""
    if not shutil.which("ldd"):
        pytest.skip("no ldd")
    out = subprocess.run(["ldd", program()], stdout=subprocess.PIPE,
                         text=True).stdout
    allowed = ("linux-vdso", "ld-linux", "libc.", "libconfuse.", "libcrypto.",
               "libseccomp.", "libz", "libasan", "libubsan", "libtsan",
               "libm.", "libgcc_s", "libstdc++")
    libs = [os.path.basename(line.split()[0]) for line in out.splitlines()]
    assert [x for x in libs if not x.startswith(allowed)] == []
