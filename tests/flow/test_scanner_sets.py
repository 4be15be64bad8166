# SPDX-License-Identifier: BSD-2-Clause
"""postern-scan by itself: signatures that change, and the program's life."""
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

import scanclient
import sigdb
from scanclient import CLEAN, FAILED, NOT_SCANNED, VIRUS
from scanproc import busy_worker, program, scanner  # noqa: F401
from sigdb import EICAR
from tools import alive, stat_of, wait_for


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
