# SPDX-License-Identifier: BSD-2-Clause
"""postern-scan by itself: the real program, asked over a raw socket."""
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import threading
import time

import pytest

import scanclient
import sigdb
from scanclient import CLEAN, FAILED, NOT_SCANNED, VIRUS
from sigdb import EICAR
from tools import TOP, stop, wait_for

NOBODY = 65534
HARMLESS = b"Nothing to see here.\r\n" * 20
# Bytes that keep a worker busy for a while: random ones are the slowest.
SLOW = os.urandom(24 << 20)


def program():
    """As tests/run-postern finds it."""
    given = os.environ.get("POSTERN_BUILD")
    places = [given] if given else [TOP, TOP + "/build"]
    found = [p + "/postern-scan" for p in places
             if os.path.exists(p + "/postern-scan")]
    assert found, "build postern-scan first"
    return max(found, key=os.path.getmtime)


def stat_of(pid):
    """State, parent and so on of a process, or None."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def alive(pid):
    got = stat_of(pid)
    return got is not None and got[0] != "Z"


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        got = stat_of(int(name)) if name.isdigit() else None
        if got and got[0] != "Z" and int(got[1]) == pid:
            found.append(int(name))
    return found


class Scanner:
    def __init__(self, folder):
        self.dir = folder
        self.sock = folder + "/scan.sock"
        self.conf = folder + "/postern.conf"
        self.log_path = folder + "/log"
        self.db = folder + "/db"
        self.tmp = folder + "/tmp"
        self.extra = ""
        self.proc = None
        sigdb.make(self.db)
        os.mkdir(self.tmp)
        os.chmod(self.tmp, 0o777)

    def write(self):
        with open(self.conf, "w") as f:
            # Settings of other programs are not the scanner's business.
            f.write('authserv-id = "mx.example.org"\n'
                    'domain "x" { key "s" { file = "/k" } }\n'
                    'scan-socket = "%s"\nscan-database = "%s"\n' %
                    (self.sock, self.db))
            if "scan-tmp" not in self.extra:
                f.write('scan-tmp = "%s"\n' % self.tmp)
            if "scan-workers" not in self.extra:
                f.write("scan-workers = 3\n")
            f.write(self.extra + "\n")

    def launch(self, *args, **env):
        self.write()
        with open(self.log_path, "wb") as log:
            self.proc = subprocess.Popen(
                [program(), "-f", "-c", self.conf, *args], stderr=log,
                stdin=subprocess.DEVNULL, env=dict(os.environ, **env))
        return self

    def start(self, *args, **env):
        self.launch(*args, **env)
        wait_for("postern-scan to be ready", self.ready)
        return self

    def ready(self):
        assert self.proc.poll() is None, self.log()
        return "workers are confined" in self.log()

    def log(self):
        with open(self.log_path, errors="replace") as f:
            return f.read()

    def says(self, text, times=1):
        wait_for("the log to say " + text,
                 lambda: self.log().count(text) >= times)

    def scan(self, content, **how):
        return scanclient.scan(self.sock, content, **how)

    def status(self):
        return scanclient.status(self.sock)

    def loaders(self):
        return children(self.proc.pid)

    def workers(self):
        return [w for loader in self.loaders() for w in children(loader)]

    def left_in_tmp(self):
        """Files of scans; the workers' own folders stay."""
        return [os.path.join(folder, name)
                for folder, dirs, files in os.walk(self.tmp)
                for name in files + dirs
                if not re.fullmatch(r"postern-scan\..{6}|\d+|w\d+", name)]

    def kill(self):
        if self.proc is not None and self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()

    def stop(self):
        code = stop(self.proc)
        assert code == 0, self.log()
        assert "anitizer:" not in self.log(), self.log()


@pytest.fixture
def scanner(folder):
    s = Scanner(folder)
    yield s
    if s.proc is not None and s.proc.poll() is None:
        s.stop()


@pytest.fixture(scope="module")
def shared(scratch):
    """One scanner for tests that leave it as it was."""
    os.mkdir(scratch + "/scanner")
    os.chmod(scratch + "/scanner", 0o755)
    s = Scanner(scratch + "/scanner")
    s.start()
    yield s
    s.stop()


def busy_worker(scanner):
    """(connection, pid): a worker that is in the middle of a slow scan."""
    before = {w: int(stat_of(w)[11]) for w in scanner.workers()}
    connection = scanclient.begin(scanner.sock, SLOW)

    def busiest():
        for w in scanner.workers():
            got = stat_of(w)
            if got and int(got[11]) > before.get(w, 0) + 5:
                return w
        return None

    return connection, wait_for("a worker to be busy", busiest, every=0.01)


# -- verdicts

def test_verdicts(shared):
    got = shared.scan(EICAR)
    assert got.status == VIRUS and "Eicar" in got.name
    assert got.version != 0
    clean = shared.scan(HARMLESS)
    assert (clean.status, clean.name) == (CLEAN, "")
    assert clean.version == got.version
    assert shared.scan(b"").status == CLEAN


def test_kinds(shared):
    mail = (b"From: a@example.org\r\nTo: b@example.net\r\nSubject: x\r\n"
            b"Date: Sat, 21 Nov 2026 10:00:00 +0000\r\n\r\n" +
            sigdb.MAIL + b"\r\n")
    for kind in (scanclient.MESSAGE, scanclient.MESSAGE_DEEP):
        assert shared.scan(mail, kind=kind).status == VIRUS
        assert shared.scan(mail.replace(sigdb.MAIL, b"x"),
                           kind=kind).status == CLEAN


def test_status(shared):
    got = shared.status()
    assert got.status == CLEAN
    assert (got.info.signatures, got.info.workers) == (9, 3)
    assert abs(got.info.loaded - time.time()) < 600
    assert 0 < got.info.built <= time.time() + 1


def test_side_by_side(shared):
    """More questions at once than workers: each gets its own answer."""
    open_ones = [scanclient.begin(shared.sock, EICAR if i % 2 else
                                  HARMLESS + b"%d" % i) for i in range(40)]
    got = [scanclient.finish(c).status for c in open_ones]
    assert got == [CLEAN, VIRUS] * 20


# -- bad questions

def ask(shared, packet, *fds):
    with scanclient.Connection(shared.sock) as c:
        c.send(packet, *fds)
        return c.answer()


def refused(got, word, nonce=77):
    assert got.status == FAILED and got.nonce == nonce
    assert got.name.startswith("bad question") and word in got.name


@pytest.mark.parametrize("missing", [scanclient.SEAL_WRITE,
                                     scanclient.SEAL_SHRINK,
                                     scanclient.SEAL_GROW,
                                     scanclient.ALL_SEALS])
def test_unsealed_content(shared, missing):
    fd = scanclient.memfd(EICAR, scanclient.ALL_SEALS & ~missing)
    refused(ask(shared, scanclient.question(nonce=77, size=len(EICAR)), fd),
            "sealed")
    os.close(fd)


@pytest.mark.parametrize("size", [0, 1, len(EICAR) - 1, len(EICAR) + 1,
                                  2 ** 63, 2 ** 64 - 1])
def test_wrong_size(shared, size):
    fd = scanclient.memfd(EICAR)
    refused(ask(shared, scanclient.question(nonce=77, size=size), fd), "size")
    os.close(fd)


def test_descriptors(shared, folder):
    """None, two, a file, a pipe, the socket itself; one with a status."""
    good = scanclient.question(nonce=77, size=len(EICAR))
    refused(ask(shared, good), "no descriptor")
    fd = scanclient.memfd(EICAR)
    got = ask(shared, good, fd, fd)
    assert got is None or got.status == FAILED
    status = scanclient.question(scanclient.ASK_STATUS, 0, 77)
    refused(ask(shared, status, fd), "descriptor")
    os.close(fd)
    with open(folder + "/file", "w+b") as f:
        f.write(EICAR)
        f.flush()
        refused(ask(shared, good, f.fileno()), "sealed")
    for fd in os.pipe():
        refused(ask(shared, good, fd), "sealed")
        os.close(fd)
    with socket.socket(socket.AF_UNIX) as s:
        refused(ask(shared, good, s.fileno()), "sealed")


GARBAGE = {
    "one byte": b"\0",
    "version": scanclient.question(version=2),
    "ask": scanclient.question(ask=3),
    "kind": scanclient.question(kind=4),
    "kind 0": scanclient.question(kind=0),
    "short": scanclient.question()[:-1],
    "long": scanclient.question() + b"x",
    "status with size": scanclient.question(2, 0, size=1),
    "text": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "full": b"x" * 2048,
    "too long": b"x" * 2049,
    "huge": b"x" * 60000,
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage(shared, name):
    with scanclient.Connection(shared.sock) as c:
        fd = scanclient.memfd(EICAR)
        c.send(GARBAGE[name], fd)
        os.close(fd)
        got = c.answer()
        assert got.status == FAILED and got.name.startswith("bad question")
        assert c.packet() == b""
    assert shared.scan(EICAR).status == VIRUS


def test_empty_packet(shared):
    with scanclient.Connection(shared.sock) as c:
        c.send(b"")
        assert c.packet() == b""


def test_garbage_kills_no_worker(shared):
    before = sorted(shared.workers())
    for packet in GARBAGE.values():
        ask(shared, packet)
    assert sorted(shared.workers()) == before


def test_larger_than_allowed(scanner):
    scanner.extra = "scan-size = 1M\nscan-file-size = 1M"
    scanner.start()
    assert scanner.scan(b"x" * (1 << 20)).status == CLEAN
    got = scanner.scan(b"x" * ((1 << 20) + 1))
    assert got.status == NOT_SCANNED and "scan-size" in got.name


def test_silent_clients(shared):
    """They are let go after a second; nobody waits for longer."""
    begin = time.monotonic()
    silent = [scanclient.Connection(shared.sock) for _ in range(2)]
    assert shared.scan(EICAR).status == VIRUS   # the third worker
    assert time.monotonic() - begin < 0.9
    silent += [scanclient.Connection(shared.sock) for _ in range(4)]
    assert shared.scan(EICAR).status == VIRUS
    for c in silent:
        with c:
            assert c.packet() == b""
    assert time.monotonic() - begin < 10


def test_client_that_leaves(shared):
    before = sorted(shared.workers())
    for _ in range(20):
        with scanclient.begin(shared.sock, HARMLESS):
            pass
    with scanclient.Connection(shared.sock):
        pass
    assert shared.scan(EICAR).status == VIRUS
    assert sorted(shared.workers()) == before


# -- who may ask

AS_NOBODY = """
import sys
sys.path.insert(0, sys.argv[2])
import scanclient
try:
    got = scanclient.scan(sys.argv[1], b"harmless")
    print(got.status if got else 0)
except (BrokenPipeError, ConnectionResetError):
    print(0)
"""


def ask_as_nobody(scanner):
    return int(subprocess.run(
        ["setpriv", "--reuid", str(NOBODY), "--clear-groups",
         sys.executable, "-c", AS_NOBODY, scanner.sock, TOP + "/tests/lib"],
        check=True, stdout=subprocess.PIPE).stdout)


@pytest.mark.root
def test_strangers_are_refused(scanner):
    scanner.extra = "scan-socket-mode = 0666"
    scanner.start()
    for _ in range(5):
        assert ask_as_nobody(scanner) == 0
    scanner.says("user id %d" % NOBODY)
    assert scanner.scan(EICAR).status == VIRUS
    assert scanner.log().count("user id %d" % NOBODY) == 1
    scanner.stop()
    scanner.extra += '\nscan-clients = { "nobody" }'
    scanner.start()
    assert ask_as_nobody(scanner) == CLEAN


@pytest.mark.root
def test_user_of_its_own(scanner):
    scanner.extra = 'scan-user = "nobody"'
    scanner.start()
    assert scanner.scan(EICAR).status == VIRUS
    for pid in [scanner.proc.pid, *scanner.loaders(), *scanner.workers()]:
        assert os.stat("/proc/%d/task" % pid).st_uid in (0, NOBODY)
        assert status_of(pid, "Uid").split() == [str(NOBODY)] * 4
        assert int(status_of(pid, "CapEff"), 16) == 0


# -- the sandbox

def status_of(pid, name):
    with open("/proc/%d/status" % pid) as f:
        return re.search("^%s:\\s*(.*)$" % name, f.read(), re.M).group(1)


def test_confinement(shared):
    """As far as this kernel and container allow; the log says how far."""
    log, workers = shared.log(), shared.workers()
    for pid in [shared.proc.pid, *shared.loaders(), *workers]:
        assert status_of(pid, "NoNewPrivs") == "1"
        with open("/proc/%d/limits" % pid) as f:
            assert re.search(r"Max core file size\s+0\s+0\s", f.read())
    with open("/proc/%d/limits" % workers[0]) as f:
        limits = f.read()
    assert re.search(r"Max open files\s+256\s", limits)
    if "built with the sanitizers" in log:
        return
    if "system call filter on" in log:
        assert status_of(workers[0], "Seccomp") == "2"
    assert not re.search(r"Max address space\s+unlimited", limits)
    # Nobody but root can look into a process that is not dumpable.
    assert os.stat("/proc/%d/environ" % workers[0]).st_uid == 0


def inside(pid, name):
    return os.readlink("/proc/%d/ns/%s" % (pid, name))


@pytest.mark.root
def test_namespaces(shared):
    me, them = os.getpid(), shared.workers()
    if "private namespace)" not in shared.log():
        pytest.skip("no namespaces here")
    for pid in [shared.proc.pid, *them]:
        assert inside(pid, "net") != inside(me, "net")
        assert inside(pid, "mnt") != inside(me, "mnt")


@pytest.mark.root
def test_private_memory(scanner):
    """Its own tmpfs, of the size that is set, seen by nobody else."""
    scanner.extra = 'scan-tmp = ""\nscan-tmp-size = 20M'
    scanner.start()
    if "private memory at" not in scanner.log():
        pytest.skip("nothing can be mounted here")
    with open("/proc/%d/mounts" % scanner.workers()[0]) as f:
        mine = [x for x in f if x.startswith("postern-scan /dev/shm tmpfs")]
    assert len(mine) == 1
    for option in ("nosuid", "nodev", "noexec", "size=20480k", "mode=700"):
        assert option in mine[0]
    with open("/proc/self/mounts") as f:
        assert "postern-scan" not in f.read()
    assert scanner.scan(zipped(EICAR)).status == VIRUS


def zipped(content):
    import io
    import zipfile
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("member.txt", content)
    return out.getvalue()


def corpus():
    if not os.path.isdir(sigdb.TESTFILES):
        return []
    return [os.path.join(folder, name)
            for folder, _, names in sorted(os.walk(sigdb.TESTFILES))
            for name in sorted(names)]


def test_all_formats_under_the_filter(shared):
    """Every format that the library unpacks: found, and no worker lost."""
    paths = corpus()
    if not paths:
        pytest.skip("clamav-testfiles is not installed")
    before, missed = sorted(shared.workers()), []
    for path in paths:
        with open(path, "rb") as f:
            got = shared.scan(f.read())
        if got is None or got.status != VIRUS:
            missed.append((os.path.basename(path), got))
    assert missed == []
    assert sorted(shared.workers()) == before
    wait_for("temporary files to go", lambda: not shared.left_in_tmp())


# -- workers that die

def replaced(scanner, pid, count=3):
    wait_for("worker %d to be replaced" % pid,
             lambda: pid not in scanner.workers() and
             len(scanner.workers()) == count)


def test_killed_worker(scanner, record_property):
    """The scan under way ends without an answer; the next is answered."""
    scanner.extra = "scan-workers = 1"
    scanner.start()
    times = []
    for _ in range(5):
        connection, pid = busy_worker(scanner)
        begin = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        assert scanclient.finish(connection) is None
        assert scanner.scan(EICAR).status == VIRUS
        times.append((time.monotonic() - begin) * 1000)
        replaced(scanner, pid, 1)
    print("next verdict after kill -9 of the only worker: median %.1f ms, "
          "most %.1f ms" % (statistics.median(times), max(times)))
    record_property("next_verdict_ms", statistics.median(times))
    scanner.says("died by signal 9", 5)
    wait_for("temporary files to go", lambda: not scanner.left_in_tmp())


@pytest.mark.parametrize("sig,words", [(signal.SIGSYS, "call filter (SIGSYS)"),
                                       (signal.SIGSEGV, "by signal 11"),
                                       (signal.SIGBUS, "by signal 7")])
def test_worker_that_crashes(scanner, sig, words):
    scanner.start()
    if "built with the sanitizers" in scanner.log():
        pytest.skip("a sanitizer takes the signal")
    connection, pid = busy_worker(scanner)
    os.kill(pid, sig)
    assert scanclient.finish(connection) is None
    replaced(scanner, pid)
    scanner.says("worker %d " % pid)
    scanner.says(words)
    assert scanner.scan(EICAR).status == VIRUS


def test_worker_that_takes_too_long(scanner):
    """A stopped process cannot end by itself: it is killed at the limit."""
    scanner.extra = "scan-time = 500ms"
    scanner.start()
    pids = scanner.workers()
    before = {w: int(stat_of(w)[11]) for w in pids}
    connection = scanclient.begin(scanner.sock, SLOW)
    begin = time.monotonic()
    pid = wait_for("a worker to be busy", lambda: next(
        (w for w in pids if int(stat_of(w)[11]) > before[w] + 3), None),
        every=0.01)
    os.kill(pid, signal.SIGSTOP)
    assert scanner.scan(EICAR).status == VIRUS
    assert scanclient.finish(connection) is None
    assert 2 < time.monotonic() - begin < 8
    replaced(scanner, pid)
    scanner.says("worker %d was killed: its scan took longer" % pid)
    wait_for("temporary files to go", lambda: not scanner.left_in_tmp())


def test_temporary_files_of_the_dead(scanner):
    """However deep and however odd, they go with the worker."""
    scanner.start()
    mine = [os.path.join(folder, name)
            for folder, dirs, _ in os.walk(scanner.tmp)
            for name in dirs if re.fullmatch(r"w\d+", name)]
    assert len(mine) == 3
    for folder in mine:
        os.makedirs(folder + "/d" * 400)
        for i in range(0, 400, 7):
            open(folder + "/d" * i + "/file", "w").close()
        os.symlink("/etc", folder + "/link")
        os.symlink("/etc", folder + "/d/link")
        os.makedirs(folder + "/shut/in")
        os.chmod(folder + "/shut", 0)
    for pid in scanner.workers():
        os.kill(pid, signal.SIGKILL)
        replaced(scanner, pid)
    wait_for("temporary files to go", lambda: not scanner.left_in_tmp())
    assert os.path.exists("/etc/passwd")


def test_crash_storm_is_bounded(scanner):
    """Replacing goes on, but not as fast as an attacker can crash."""
    scanner.extra = "scan-workers = 2"
    scanner.start()
    seen = set()
    end = time.monotonic() + 4
    while time.monotonic() < end:
        for pid in scanner.workers():
            if pid not in seen:
                seen.add(pid)
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.005)
    assert 20 < len(seen) < 60
    assert scanner.log().count("faster than they are replaced") == 1
    assert scanner.scan(EICAR).status == VIRUS


def test_worker_is_recycled(scanner):
    scanner.extra = "scan-workers = 1"
    scanner.start()
    first = scanner.workers()
    for i in range(1000):
        assert scanner.scan(b"%d" % i).status == CLEAN
    replaced(scanner, first[0], 1)
    assert scanner.scan(EICAR).status == VIRUS
    assert "died" not in scanner.log() and "ended" not in scanner.log()


# -- signatures that change

class Load:
    """Scans all the time, and remembers what was answered."""

    def __init__(self, scanner, threads=2):
        self.scanner, self.end = scanner, False
        self.answers, self.errors = [], []
        self.threads = [threading.Thread(target=self._run, daemon=True)
                        for _ in range(threads)]
        for t in self.threads:
            t.start()

    def _run(self):
        while not self.end:
            try:
                got = self.scanner.scan(EICAR)
                assert got is not None and got.status == VIRUS, got
                self.answers.append(got.version)
            except (OSError, AssertionError) as e:
                self.errors.append(e)

    def stop(self):
        self.end = True
        for t in self.threads:
            t.join(30)


def add_signature(scanner, name="extra", text=b"POSTERN-EXTRA-TEXT"):
    sigdb.write(scanner.db, name + ".ndb",
                ["Extra.Virus:0:*:" + text.hex()])
    return text


def test_replaced_under_load(scanner):
    """No question is lost, and the new set is used."""
    scanner.start()
    old_workers, old = scanner.workers(), scanner.status()
    load = Load(scanner)
    text = add_signature(scanner)
    wait_for("the new signatures",
             lambda: scanner.status().version != old.version)
    time.sleep(0.3)
    load.stop()
    assert load.errors == []
    assert set(load.answers) == {old.version, scanner.status().version}
    assert scanner.scan(text).name.startswith("Extra.Virus")
    assert scanner.status().info.signatures == old.info.signatures + 1
    wait_for("the old processes to go",
             lambda: not any(alive(w) for w in old_workers))
    assert len(scanner.loaders()) == 1 and len(scanner.workers()) == 3


def test_busy_worker_finishes_while_replaced(scanner):
    scanner.start()
    connection, pid = busy_worker(scanner)
    scanner.proc.send_signal(signal.SIGHUP)
    scanner.says("loaded 9 signatures", 2)
    assert scanclient.finish(connection).status in (CLEAN, NOT_SCANNED)
    wait_for("the old worker to go", lambda: not alive(pid))
    assert "died" not in scanner.log()


def test_reload_does_not_renice_the_workers(scanner):
    scanner.start()
    scanner.proc.send_signal(signal.SIGHUP)
    scanner.says("loaded 9 signatures", 2)
    wait_for("one loader", lambda: len(scanner.loaders()) == 1 and
             len(scanner.workers()) == 3)
    nice = {int(stat_of(p)[16]) for p in scanner.workers()}
    assert nice == {int(stat_of(scanner.proc.pid)[16])}


BROKEN = {
    "no hexadecimal": ("bad.ndb", "Bad:0:*:zz\n"),
    "cut": ("bad.cvd", "ClamAV-VDB:1 Jan 2026"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_signatures(scanner, name):
    """The old set stays; mended, the new one comes."""
    scanner.start()
    old = scanner.status()
    path = os.path.join(scanner.db, BROKEN[name][0])
    with open(path, "w") as f:
        f.write(BROKEN[name][1])
    text = add_signature(scanner)
    scanner.says("are not taken")
    warning = next(x for x in scanner.log().splitlines()
                   if "are not taken" in x)
    assert BROKEN[name][0] in warning and "the old ones stay" in warning
    assert scanner.status().version == old.version
    assert scanner.scan(EICAR).status == VIRUS
    os.unlink(path)
    wait_for("the mended signatures",
             lambda: scanner.status().version != old.version)
    assert scanner.scan(text).status == VIRUS


def test_set_without_eicar(scanner):
    scanner.start()
    old = scanner.status()
    keep = sigdb.bodies(sigdb.BODIES[1:])
    sigdb.write(scanner.db, "postern.ndb", keep)
    sigdb.write(scanner.db, "postern.hdb", [sigdb.TESTFILE_HASH])
    scanner.says("are not taken")
    assert scanner.status().version == old.version
    assert scanner.scan(EICAR).status == VIRUS


def test_half_copied_set_waits(scanner):
    """While files keep changing, nothing is loaded."""
    scanner.start()
    lines = [x + "\n" for x in sigdb.bodies(sigdb.BODIES[1:3])]
    with open(scanner.db + "/slow.ndb", "w") as f:
        for i in range(7):
            f.write(lines[i % 2].replace("Postern", "Slow%d" % i))
            f.flush()
            time.sleep(0.8)
        assert scanner.log().count("loaded ") == 1
    scanner.says("loaded 16 signatures")


def test_no_signatures(scanner):
    """Answered with the reason; and they can come later."""
    shutil.rmtree(scanner.db)
    os.mkdir(scanner.db)
    scanner.start()
    scanner.says("no signatures, nothing is scanned")
    for got in (scanner.scan(EICAR), scanner.status()):
        assert got.status == FAILED
        assert got.name.startswith("no signatures loaded: ")
    assert scanner.status().info.signatures == 0
    sigdb.make(scanner.db)
    wait_for("the signatures to be loaded",
             lambda: scanner.scan(EICAR).status == VIRUS, every=0.3)
    wait_for("one loader", lambda: len(scanner.loaders()) == 1 and
             len(scanner.workers()) == 3)


def test_folder_that_comes_later(scanner):
    shutil.rmtree(scanner.db)
    scanner.start()
    assert scanner.scan(EICAR).status == FAILED
    sigdb.make(scanner.db)
    wait_for("the signatures to be loaded",
             lambda: scanner.scan(EICAR).status == VIRUS, every=0.3)


def test_folder_that_goes(scanner):
    scanner.start()
    shutil.rmtree(scanner.db)
    scanner.says("are not taken")
    assert scanner.scan(EICAR).status == VIRUS


def test_linked_signatures(scanner):
    """A file of the folder may lie elsewhere."""
    os.mkdir(scanner.dir + "/elsewhere")
    os.rename(scanner.db + "/postern.ndb", scanner.dir + "/elsewhere/x.ndb")
    os.symlink("../elsewhere/x.ndb", scanner.db + "/postern.ndb")
    scanner.start()
    assert scanner.status().info.signatures == 9
    assert scanner.scan(sigdb.ONE).status == VIRUS


def test_low_memory(scanner):
    """The old set is gone before the new one is loaded."""
    scanner.extra = "scan-low-memory = yes"
    scanner.start()
    old = scanner.status()
    text = add_signature(scanner)
    most = 1
    end = time.monotonic() + 20
    while "giving the old" not in scanner.log() or \
            len(scanner.workers()) < 3:
        assert time.monotonic() < end, scanner.log()
        most = max(most, len(scanner.loaders()))
        time.sleep(0.005)
    assert most == 1
    assert scanner.scan(text).status == VIRUS
    assert scanner.status().version != old.version


def test_sighup(scanner):
    scanner.start()
    old = scanner.loaders()
    scanner.proc.send_signal(signal.SIGHUP)
    scanner.says("loaded 9 signatures", 2)
    wait_for("the old loader to go", lambda: scanner.loaders() != old and
             len(scanner.loaders()) == 1)
    assert scanner.scan(EICAR).status == VIRUS
    assert "need a restart" not in scanner.log()
    scanner.extra = "scan-workers = 2"
    scanner.write()
    scanner.proc.send_signal(signal.SIGHUP)
    scanner.says("need a restart")


def test_loader_that_dies(scanner):
    scanner.start()
    loader, workers = scanner.loaders()[0], scanner.workers()
    os.kill(loader, signal.SIGKILL)
    wait_for("its workers to go", lambda: not any(map(alive, workers)))
    scanner.says("signal 9")
    wait_for("another loader", lambda: len(scanner.workers()) == 3)
    assert scanner.scan(EICAR).status == VIRUS
    wait_for("temporary files to go", lambda: not scanner.left_in_tmp())


# -- the program

WRONG = {
    'domain "x" {\n': "is missing",
    "scan-socket-mode = rw": "octal",
    "scan-workers = 257": "0 to 256",
    "scan-time = 10": "100ms to 2m",
    "scan-size = 1.5M": "1M to 2G",
    "scan-pua = maybe": "yes or no",
    'scan-database = "here"': "absolute",
    'scan-clients = { "no-such-user-here" }': "no-such-user-here",
    'scan-user = "no-such-user-here"': "no-such-user-here",
}


@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_configuration(scanner, wrong):
    scanner.extra = wrong
    scanner.write()
    done = subprocess.run([program(), "-f", "-c", scanner.conf], text=True,
                          stderr=subprocess.PIPE, timeout=20)
    assert done.returncode == 78
    assert WRONG[wrong] in done.stderr


def check(scanner):
    scanner.write()
    done = subprocess.run([program(), "-t", "-c", scanner.conf], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def test_check(scanner):
    code, said = check(scanner)
    assert code == 0 and "9 signatures" in said
    with open(scanner.db + "/bad.ndb", "w") as f:
        f.write("Bad:0:*:zz\n")
    code, said = check(scanner)
    assert code == 78 and "bad.ndb" in said
    shutil.rmtree(scanner.db)
    code, said = check(scanner)
    assert code == 78 and scanner.db in said
    scanner.extra = "scan-workers = many"
    code, said = check(scanner)
    assert code == 78 and "scan-workers" in said
    assert os.listdir(scanner.tmp) == []


def test_options():
    run = subprocess.run([program(), "-V"], stdout=subprocess.PIPE, text=True)
    assert run.returncode == 0 and run.stdout.startswith("postern-scan ")
    assert subprocess.run([program(), "-x"],
                          stderr=subprocess.DEVNULL).returncode == 64
    assert subprocess.run([program(), "-f", "-c", "/nothing/here"],
                          stderr=subprocess.DEVNULL).returncode == 78


def test_second_scanner_is_refused(scanner):
    scanner.start()
    done = subprocess.run([program(), "-f", "-c", scanner.conf], text=True,
                          stderr=subprocess.PIPE, timeout=20)
    assert done.returncode == 69
    assert scanner.sock in done.stderr


@pytest.mark.parametrize("how", ["idle", "busy", "all at once"])
def test_term_leaves_nothing(scanner, how):
    """Also when each process gets the signal, as from systemd."""
    scanner.start()
    connection = busy_worker(scanner)[0] if how == "busy" else None
    pids = [*scanner.loaders(), *scanner.workers()]
    assert len(pids) == 4
    begin = time.monotonic()
    for pid in pids if how == "all at once" else []:
        os.kill(pid, signal.SIGTERM)
    scanner.stop()
    assert "died" not in scanner.log() and "gone" not in scanner.log()
    assert time.monotonic() - begin < 2.5
    assert not any(map(alive, pids))
    assert os.listdir(scanner.tmp) == []
    if connection:
        scanclient.finish(connection)
    # The socket that it left behind is no obstacle.
    scanner.start()


def test_killed_main_leaves_no_process(scanner):
    """kill -9: loader and workers go too; the next start clears the rest."""
    scanner.start()
    connection, _ = busy_worker(scanner)
    pids = [*scanner.loaders(), *scanner.workers()]
    scanner.kill()
    wait_for("all processes to go", lambda: not any(map(alive, pids)),
             seconds=5)
    scanclient.finish(connection)
    assert len(os.listdir(scanner.tmp)) == 1
    scanner.start()
    assert len(os.listdir(scanner.tmp)) == 1
    scanner.stop()
    assert os.listdir(scanner.tmp) == []


def test_term_while_loading(scanner):
    sigdb.add_bulk(scanner.db, 20000, 20000)
    scanner.launch()
    wait_for("the loader", scanner.loaders, every=0.005)
    begin = time.monotonic()
    scanner.stop()
    assert time.monotonic() - begin < 2.5


def test_notify(scanner):
    path = scanner.dir + "/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(20)
        scanner.start(NOTIFY_SOCKET=path)
        assert s.recv(100) == b"READY=1"
        scanner.proc.send_signal(signal.SIGHUP)
        assert s.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
        assert s.recv(100) == b"READY=1"
        scanner.stop()
        assert s.recv(100) == b"STOPPING=1"


ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def test_socket_activation(scanner):
    scanner.write()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s, \
            open(scanner.log_path, "wb") as log:
        s.bind(scanner.sock)
        s.listen(5)
        scanner.proc = subprocess.Popen(
            [sys.executable, "-c", ACTIVATE, str(s.fileno()), program(),
             "-f", "-c", scanner.conf], pass_fds=[s.fileno()], stderr=log)
        assert scanner.scan(EICAR).status == VIRUS


def test_links_no_more_than_it_should():
    """No key, no network, no DNS: base and mail only, and three libraries."""
    if not shutil.which("nm"):
        pytest.skip("no nm")
    out = subprocess.run(["nm", "-D", "--undefined-only", program()],
                         stdout=subprocess.PIPE, text=True).stdout
    names = [line.split()[-1] for line in out.splitlines()]
    bad = re.compile(r"^(EVP_|RSA_|PEM_|ub_|SPF_|dkim_|opendmarc_|smfi_|res_|"
                     r"getaddrinfo|redis|gethostby)")
    assert [x for x in names if bad.match(x)] == []
