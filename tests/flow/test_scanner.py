# SPDX-License-Identifier: BSD-2-Clause
"""postern-scan by itself: questions, good and bad, the sandbox, and workers
that die; over a raw socket."""
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import time

import pytest

import scanclient
import sigdb
from scanclient import CLEAN, FAILED, NOT_SCANNED, VIRUS
from scanproc import (HARMLESS, SLOW, Scanner, busy_worker, program,
                      scanner)  # noqa: F401
from sigdb import EICAR
from tools import TOP, stat_of, wait_for

NOBODY = 65534


@pytest.fixture(scope="module")
def shared(scratch):
    """One scanner for tests that leave it as it was."""
    os.mkdir(scratch + "/scanner")
    os.chmod(scratch + "/scanner", 0o755)
    s = Scanner(scratch + "/scanner")
    s.start()
    yield s
    s.stop()


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


@pytest.mark.root
def test_descriptors_of_a_worker(shared):
    """Standard ones, the listening socket, the pipe; no log, no lock."""
    for pid in shared.workers():
        try:
            there = {n: os.readlink("/proc/%d/fd/%s" % (pid, n))
                     for n in os.listdir("/proc/%d/fd" % pid)}
        except PermissionError:
            pytest.skip("root may not look into other processes here")
        more = sorted(re.sub(r"\d+", "N", to) for n, to in there.items()
                      if int(n) > 2)
        assert more == ["/proc/N/statm", "pipe:[N]", "socket:[N]"], there


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
@pytest.mark.parametrize("tmp", ["set", "unset"])
def test_without_rights(scanner, tmp):
    """Started by a plain user: fewer walls, the same verdicts."""
    as_nobody = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY),
                 "--clear-groups", "--bounding-set=-all"]
    if subprocess.run([*as_nobody, "test", "-x", program()]).returncode:
        pytest.skip("the build cannot be reached by another user")
    if tmp == "unset":
        scanner.extra = 'scan-tmp = ""'
    os.chown(scanner.dir, NOBODY, NOBODY)
    scanner.launch(before=as_nobody)
    wait_for("postern-scan to be ready", scanner.ready)
    assert "network as we were given it" in scanner.log()
    assert "private memory" not in scanner.log()
    assert scanner.scan(EICAR).status == VIRUS
    assert scanner.scan(HARMLESS).status == CLEAN
    pid = scanner.workers()[0]
    if "system call filter on" in scanner.log():
        assert status_of(pid, "Seccomp") == "2"
    place = re.search(r"temporary files in (/\S+)", scanner.log()).group(1)
    assert os.path.isdir(place)
    scanner.stop()
    assert not os.path.exists(place)


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
