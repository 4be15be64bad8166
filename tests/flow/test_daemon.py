# SPDX-License-Identifier: BSD-2-Clause
"""The process: its socket and who may connect, its user, signals, the service
manager, syslog, and threads that stand in each other's way."""
import grp
import json
import os
import pwd
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

import pytest

import authres
import milterclient
import odddns
from daemon import Daemon
from milterclient import Closed, Milter
from postern import Failed
from test_signer import Signer
from tools import TOP, accepts, free_port, wait_for
from world import HOST, STRANGER, mail

NOBODY = pwd.getpwnam("nobody")


@pytest.fixture
def daemon(world, folder):
    """daemon(conf, ...): a postern that tests/run-postern has not begun."""
    mine = []

    def begin(conf="", **how):
        how.setdefault("dns", world.dns.address)
        d = Daemon("%s/d%d" % (folder, len(mine)), conf, **how)
        mine.append(d)
        return d

    yield begin
    for d in mine:
        if d.code is None:
            d.stop()


def good(d):
    return d.submit(mail("x@good.example"), client=HOST,
                    sender="x@good.example")


def forged(d):
    return d.submit(mail("x@good.example"), client=STRANGER,
                    sender="x@evil.example").word


def begun(sock):
    """A session with a message begun: all before it has been seen."""
    m = Milter(sock)
    m.connect(STRANGER)
    m.helo()
    assert m.mail("x@evil.example").go_on
    return m


def ended(m):
    """Sends the rest of the forged message; what it came to."""
    msg = milterclient.Message(mail("x@good.example"))
    out = milterclient.Outcome(msg.fields, msg.body, "x@evil.example", [])
    assert m.rcpt("user@example.org").go_on
    m.data()
    for name, value in msg.fields:
        m.header(name, value)
    m.eoh()
    m.body(msg.body)
    out.final = m.eom(out)
    return out


def served(address, timeout=20):
    """True when a milter answers there, False when it hangs up."""
    try:
        with Milter(address, timeout=timeout) as m:
            m.quit()
        return True
    except Closed:
        return False


AS_NOBODY = """
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect(sys.argv[1])
try:
    s.sendall(bytes.fromhex("0000000d4f00000006000001ff001fffff"))
    print(len(s.recv(4)))
except (BrokenPipeError, ConnectionResetError):
    print(0)
"""


def served_as_nobody(path):
    done = subprocess.run(
        ["setpriv", "--reuid", str(NOBODY.pw_uid), "--clear-groups",
         sys.executable, "-c", AS_NOBODY, path], check=True,
        stdout=subprocess.PIPE)
    return int(done.stdout) > 0


# -- the socket, and who may connect

def test_socket_file(daemon):
    root = os.geteuid() == 0
    group = "daemon" if root else grp.getgrgid(os.getegid()).gr_name
    d = daemon('socket-mode = 0640\nsocket-group = "%s"\n' % group)
    st = os.stat(d.sock)
    assert stat.S_ISSOCK(st.st_mode) and st.st_mode & 0o777 == 0o640
    assert grp.getgrgid(st.st_gid).gr_name == group
    d.stop()
    assert not os.path.exists(d.sock)


def test_socket_is_0660_unless_set(daemon):
    assert os.stat(daemon().sock).st_mode & 0o777 == 0o660


def test_socket_of_a_dead_process_is_no_obstacle(daemon, folder):
    path = folder + "/s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(path)
        dead.listen(1)
    d = daemon('socket = "unix:%s"\n' % path, sock=path)
    assert good(d).accepted


@pytest.mark.parametrize("conf, code, words", [
    ('socket = "unix:{other}"\n', 73, "somebody listens"),
    ('socket = "unix:{run}/no/s"\n', 73, "cannot create the socket"),
    ('socket = "unix:{run}/postern.conf"\n', 73, "is no socket"),
    ('socket-group = "no-such-group"\n', 78, "no group no-such-group"),
    ('user = "no-such-user"\n', 78, "no user no-such-user"),
    ('group = "no-such-group"\n', 78, "no group no-such-group"),
    ('dns-trust-anchor = "/no/such/file"\n', 78, "/no/such/file"),
])
def test_cannot_start(daemon, enforcing, conf, code, words):
    with pytest.raises(Failed) as e:
        daemon(conf.replace("{other}", enforcing.sock))
    assert (e.value.code, words in e.value.log) == (code, True), e.value.log
    assert good(enforcing).accepted


@pytest.mark.root
def test_strangers_on_the_unix_socket(daemon):
    """SO_PEERCRED, whatever the file's mode lets."""
    conf = 'socket-mode = 0666\nsocket-users = {"root"}\n'
    d = daemon(conf)
    assert not served_as_nobody(d.sock)
    assert "refused a connection of uid %d" % NOBODY.pw_uid in d.log()
    assert good(d).accepted
    d.reload(conf.replace('"root"', '"root", "nobody"'))
    assert served_as_nobody(d.sock)
    d.reload("socket-mode = 0666\nsocket-users = {}\n")
    assert served_as_nobody(d.sock)
    d.reload("socket-mode = 0666\n")        # the default names two
    assert not served_as_nobody(d.sock)


def test_strangers_on_an_inet_socket(daemon):
    port = free_port()
    address = ("127.0.0.1", port)
    conf = 'socket = "inet:127.0.0.1:%d"\nsocket-peers = {%%s}\n' % port
    d = daemon(conf % '"127.0.0.1"', sock=address)
    assert good(d).accepted
    d.reload(conf % '"192.0.2.0/24"')
    assert not served(address)
    assert "refused a connection from 127.0.0.1" in d.log()
    d.reload(conf % '"192.0.2.0/24", "127.0.0.0/8"')
    assert good(d).accepted


# -- its user

@pytest.mark.root
def test_becomes_its_user(daemon, folder):
    """It opens its socket as root; the nudge and a reload work afterwards."""
    assert "postern runs as root" in daemon().log()
    conf = 'user = "nobody"\nsocket-group = "daemon"\n' \
        'socket-users = {"root"}\n'
    d = daemon(conf)
    assert "postern runs as root" not in d.log()
    for name in ("Uid", "Gid"):
        number = NOBODY.pw_uid if name == "Uid" else NOBODY.pw_gid
        assert d.status(name) == [str(number)] * 4
    assert set(d.status("Groups")) <= {str(NOBODY.pw_gid)}
    for name in ("CapPrm", "CapEff"):
        assert int(d.status(name)[0], 16) == 0
    st = os.stat(d.sock)
    assert (st.st_uid, st.st_mode & 0o777) == (NOBODY.pw_uid, 0o660)
    assert grp.getgrgid(st.st_gid).gr_name == "daemon"
    with begun(d.sock):
        time.sleep(0.2)                     # ten nudges
        assert "refused" not in d.log()
    assert forged(d) == "reject"
    d.reload(conf + "dmarc = monitor\n")
    assert forged(d) == "accept"


@pytest.mark.root
def test_group_of_its_own(daemon):
    d = daemon('user = "nobody"\ngroup = "daemon"\n')
    gid = str(grp.getgrnam("daemon").gr_gid)
    assert d.status("Gid") == [gid] * 4
    assert good(d).accepted


# -- reload, drain

def test_sessions_keep_their_configuration(daemon):
    d = daemon()
    with begun(d.sock) as old:
        d.reload("dmarc = monitor\n")
        assert forged(d) == "accept"
        assert ended(old).word == "reject"
        old.abort()
        assert old.mail("x@evil.example").go_on
        assert ended(old).word == "reject"


def test_wrong_file_changes_nothing(daemon):
    d = daemon()
    d.reload("dmarc = monitor\n\nbogus = 1\n", "the old configuration stays")
    assert re.search(r"postern\.conf:\d+: ", d.log())
    assert forged(d) == "reject"
    d.reload('dmarc = monitor\ndns-trust-anchor = "/no/such/file"\n',
             "the old configuration stays")
    assert forged(d) == "reject" and "/no/such/file" in d.log()
    os.unlink(d.conf)
    d.signal(signal.SIGHUP)
    wait_for("a third refusal", lambda: d.log().count(
        "the old configuration stays") == 3)
    assert forged(d) == "reject"


def test_what_needs_a_restart_is_said(daemon):
    d = daemon()
    changes = {"socket": '"unix:{run}/other"', "socket-mode": "0600",
               "socket-group": '"daemon"', "user": '"nobody"',
               "group": '"daemon"', "log": "stderr",
               "syslog-facility": "local1"}
    d.reload("".join("%s = %s\n" % c for c in changes.items()))
    for name in changes:
        assert "the change of %s needs a restart" % name in d.log()
    assert "the change of dmarc" not in d.log()
    assert good(d).accepted


def test_signer_says_what_needs_a_restart(folder):
    s = Signer(folder)
    s.start()
    s.extra = 'sign-clients = {"root"}\n'
    s.write()
    s.proc.send_signal(signal.SIGHUP)
    s.says("need a restart of postern-sign")
    s.stop()


def test_drain_takes_nothing_new(daemon):
    d = daemon()
    m = begun(d.sock)
    d.signal(signal.SIGTERM)
    wait_for("the drain", lambda: "stopping: " in d.log())
    wait_for("the socket to go", lambda: not os.path.exists(d.sock))
    time.sleep(1.7)             # longer than idle sessions are waited for
    assert d.alive()
    assert ended(m).word == "reject"
    assert d.proc.wait(5) == 0
    m.close()


# -- the service manager

ACTIVATE = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""


def activated(daemon, s, address, conf=""):
    return daemon(conf, sock=address, pass_fds=[s.fileno()], before=[
        sys.executable, "-c", ACTIVATE, str(s.fileno())])


def test_socket_activation(daemon, folder):
    """A restart loses no connection: they wait in the socket."""
    path = folder + "/activated"
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
        s.listen(50)
        one = activated(daemon, s, path)
        assert good(one).accepted
        m = begun(path)
        one.signal(signal.SIGTERM)
        wait_for("the drain", lambda: "stopping: " in one.log())
        outs = []
        waiting = [threading.Thread(target=lambda: outs.append(
            milterclient.submit(path, mail("x@good.example"), client=HOST)))
            for _ in range(5)]
        for t in waiting:
            t.start()
        assert ended(m).word == "reject"
        m.close()
        assert one.proc.wait(10) == 0
        assert os.path.exists(path) and outs == []
        activated(daemon, s, path)
        for t in waiting:
            t.join(30)
        assert len(outs) == 5 and all(o.accepted for o in outs), outs


def test_activated_inet_socket_checks_its_peers(daemon):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen(5)
        address = s.getsockname()
        d = activated(daemon, s, address, 'socket-peers = {"127.0.0.1"}\n')
        assert good(d).accepted
        d.reload('socket-peers = {"192.0.2.1"}\n')
        assert not served(address)


def test_notify(daemon, folder):
    path = folder + "/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(path)
        s.settimeout(20)
        d = daemon(env={"NOTIFY_SOCKET": path})
        assert s.recv(100) == b"READY=1"
        d.signal(signal.SIGHUP)
        assert s.recv(100).startswith(b"RELOADING=1")
        assert s.recv(100) == b"READY=1"
        d.signal(signal.SIGTERM)
        assert s.recv(100) == b"STOPPING=1"
        assert d.proc.wait(10) == 0


# -- the log

# A /dev with a log of ours, seen by that process alone.
OWN_DEV = """
set -e
mkdir "$1/dev"
mount -t tmpfs tmpfs "$1/dev"
for n in null zero full random urandom; do
	: > "$1/dev/$n"
	mount --bind "/dev/$n" "$1/dev/$n"
done
ln -s "$1/syslog" "$1/dev/log"
mount --bind "$1/dev" /dev
shift
exec "$@"
"""


@pytest.mark.root
def test_syslog(daemon, folder):
    """Facility, level and ident; the line of a message is an info."""
    own_dev = ["unshare", "-m", "sh", "-c", OWN_DEV, "sh", folder]
    if subprocess.run([*own_dev, "true"],
                      stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no mount namespaces here")
    os.rmdir(folder + "/dev")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(folder + "/syslog")
        s.settimeout(20)
        lines = []

        def said(text):
            while not any(text in x for x in lines):
                lines.append(s.recv(65536).decode())
            return next(x for x in lines if text in x)

        d = daemon("log = syslog\nsyslog-facility = local3\n", log=(),
                   before=own_dev, ready=lambda: said("start: postern"))
        assert d.submit(mail("x@good.example"), client=HOST,
                        queue_id="4Syslog").accepted
        info, warning = 19 * 8 + 6, 19 * 8 + 4
        line = said("qid=4Syslog")
        assert line.startswith("<%d>" % info)
        assert re.search(r" postern\[%d\]: qid=4Syslog " % d.pid, line)
        d.write("bogus = 1\n")
        d.signal(signal.SIGHUP)
        assert said("the old configuration").startswith("<%d>" % warning)
        d.stop()
        assert "end: exit code 0" in said("end: ")
        assert d.log() == ""


def test_debug_and_back(daemon):
    d = daemon()
    assert good(d).accepted and "stage dkim" not in d.log()
    d.reload("debug = yes\n")
    assert good(d).accepted
    for stage in ("spf-start", "route", "authors", "spf", "dkim", "dmarc",
                  "forged", "authres"):
        assert "debug: stage %s: queue id " % stage in d.log()
    d.reload("debug = no\n")
    before = d.log().count("debug: ")
    assert good(d).accepted
    assert d.log().count("debug: ") == before


def test_log_to_stderr_by_setting(daemon):
    d = daemon("log = stderr\n", log=())
    assert "postern: start: " in d.log()


# -- the system's resolver

OWN_NET = """
import fcntl, os, socket, struct, subprocess, sys
folder, top = sys.argv[1:3]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:     # lo up
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 0x41))
subprocess.run(["mount", "--bind", folder + "/resolv.conf",
                "/etc/resolv.conf"], check=True)
dns = subprocess.Popen(
    ["setpriv", "--pdeathsig", "TERM", sys.executable,
     top + "/tests/lib/baddns.py", "--port", "53", "--zone",
     folder + "/zone.json"], stdout=subprocess.PIPE)
assert dns.stdout.readline().startswith(b"ready")
os.execvp(sys.argv[3], sys.argv[3:])
"""


@pytest.mark.root
def test_nameservers_of_the_system(daemon, folder):
    if subprocess.run(["unshare", "-m", "-n", "true"],
                      stderr=subprocess.DEVNULL).returncode:
        pytest.skip("no namespaces here")
    with open(folder + "/resolv.conf", "w") as f:
        f.write("search example.org\nnameserver 127.0.0.1\n")
    with open(folder + "/zone.json", "w") as f:
        json.dump({"names": {"good.example": {
            "TXT": ["v=spf1 ip4:%s -all" % HOST]}}}, f)
    d = daemon("nameservers = {}\n", before=[
        "unshare", "-m", "-n", sys.executable, "-c", OWN_NET, folder, TOP])
    spf = [r for r in authres.of(good(d)) if r.method == "spf"]
    assert spf[0].result == "pass"


# -- threads

@pytest.fixture
def slow(folder):
    """A DNS server that never answers for dead.example."""
    d = odddns.OddDns(folder, {
        "dead.example": {"*": {"drop": True}},
        "_dmarc.dead.example": {"*": {"drop": True}},
        "good.example": {"TXT": ["v=spf1 ip4:%s -all" % HOST]}})
    yield d
    d.close()


def up_to_end(sock, author):
    """A session before its end of message."""
    m = Milter(sock)
    m.connect(HOST)
    m.helo()
    m.mail("x@" + author)
    m.rcpt("user@example.org")
    msg = milterclient.Message(mail("x@" + author))
    m.data()
    for name, value in msg.fields:
        m.header(name, value)
    m.eoh()
    return m, milterclient.Outcome(msg.fields, b"", "", [])


def send_to_end(sock, author):
    """A session that waits for the answer to its end of message."""
    m, out = up_to_end(sock, author)
    m.packet("E")
    return m, out


def test_slow_messages_do_not_hold_others_up(daemon, slow):
    """libmilter leaves ready sessions behind busy threads: the nudge."""
    d = daemon("dns-timeout = 3s\ndns-budget = 3s\n", dns=slow.address)
    busy, others = [], []
    for i in range(30):         # in between, whatever order they are seen in
        others.append(Milter(d.sock))
        others[i].connect(HOST)
        others[i].helo()
        if i % 10 == 5:
            busy.append(up_to_end(d.sock, "dead.example"))
    time.sleep(0.1)             # its threads are idle again
    d.signal(signal.SIGSTOP)
    for m, _ in busy:           # all of it is seen at the same moment
        m.packet("E")
    for m in others:
        m.packet("M", b"<x@good.example>\0")
    d.signal(signal.SIGCONT)
    began = time.monotonic()
    for m in others:
        assert m.answer().go_on
    assert time.monotonic() - began < 1.5
    for m, out in busy:
        assert m.answer(out).code == 451
        assert time.monotonic() - began > 2
        m.close()
    for m in others:
        m.close()


def test_limit_of_work_at_the_end(daemon, slow):
    d = daemon("workers = 1\nworker-wait = 1s\ndns-timeout = 4s\n"
               "dns-budget = 4s\n", dns=slow.address)
    assert good(d).accepted
    m, out = send_to_end(d.sock, "dead.example")
    time.sleep(0.3)
    late = good(d)
    assert (late.word, late.final.code, late.final.enhanced) == \
        ("tempfail", 451, "4.3.2"), late
    # Who waits less than worker-wait gets his turn.
    d.reload("workers = 2\nworker-wait = 1s\n")
    assert good(d).accepted
    m.answer(out)
    m.close()
    d.reload("workers = 1\nworker-wait = 20s\ndns-timeout = 1s\n"
             "dns-budget = 1s\n")
    m, out = send_to_end(d.sock, "dead.example")
    time.sleep(0.1)
    began = time.monotonic()
    assert good(d).accepted
    assert 0.3 < time.monotonic() - began < 10
    m.close()


def test_results_after_all_that(enforcing):
    """The common postern has seen none of it."""
    got = authres.of(good(enforcing))
    assert authres.one(got, "dmarc").result == "pass"
    assert accepts(enforcing.sock)
