# SPDX-License-Identifier: BSD-2-Clause
"""Wrong configurations: exit code 78, and one line that names file and line.
"""
import os
import re
import signal
import subprocess

import pytest

from postern import Failed, Postern
from tools import TOP, alive, wait_for
from world import STRANGER, mail

# name, text, line of the error (0: any), a word that the sentence must have
ERRORS = [
    ("unknown setting", "\nbogus = 1\n", 2, "bogus"),
    ("unknown in a section", 'domain "a.example" {\n\tbogus = 1\n}\n', 2,
     "bogus"),
    ("unknown section", 'tenant "x" {\n}\n', 1, "tenant"),
    ("no value", "\n\nspf = \n", 0, ""),
    ("not yes or no", "spf = perhaps\n", 1, "yes or no"),
    ("not a choice", "spf-fail = maybe\n", 1, "mark or reject"),
    ("not a number", "workers = many\n", 1, "workers"),
    ("out of range", "workers = 0\n", 1, "workers"),
    ("negative", "workers = -3\n", 1, "workers"),
    ("too large", "workers = 99999999999999999999\n", 1, "workers"),
    ("no unit", "dns-timeout = 5 parsecs\n", 1, ""),
    ("wrong unit", "dns-timeout = 5M\n", 1, "dns-timeout"),
    ("size with a time's unit", "message-size = 5h\n", 1, "message-size"),
    ("not a mode", "socket-mode = 0999\n", 1, "socket-mode"),
    ("not a network", 'relay-networks = {"192.0.2.0/33"}\n', 1,
     "relay-networks"),
    ("host bits or no address", 'relay-networks = {"example.org"}\n', 1,
     "relay-networks"),
    ("not a domain", 'authserv-id = "a b"\n', 1, "authserv-id"),
    ("not a nameserver", 'nameservers = {"dns.example"}\n', 1,
     "nameservers"),
    ("set twice", "workers = 3\n\nworkers = 4\n", 3, "workers"),
    ("domain twice", 'domain "a.example" {}\ndomain "A.example." {}\n', 2,
     "a.example"),
    ("selector twice", 'domain "a.example" {\nkey "s" { file = "/x" }\n'
     'key "s" { file = "/y" }\n}\n', 3, "s"),
    ("title is no domain", 'domain "a b" { }\n', 1, "a b"),
    ("key without file", 'domain "a.example" {\nkey "s1" {\n}\n}\n', 2,
     "file"),
    ("bad algorithm", 'domain "a.example" { key "s1" {\nfile = "/x"\n'
     'algorithm = rsa-md5 } }\n', 3, "algorithm"),
    ("unclosed section", "\ndomain \"a.example\" {\n", 2, ""),
    ("brace too many", "spf = yes\n}\n", 2, ""),
    ("unclosed string", 'authserv-id = "mx\nspf = yes\n', 1, ""),
    ("unclosed comment", "spf = yes\n/* here\n", 2, ""),
    ("include that is not there", '\ninclude("/nonexistent/x")\n', 2,
     "/nonexistent/x"),
    ("control character", "spf = yes\n\x01\n", 2, ""),
    ("forwarder that names nobody", 'trusted-forwarder "x" {\n}\n', 1, "x"),
    ("no such socket form", 'socket = "http://x"\n', 1, "socket"),
    ("inet without peers", 'socket = "inet:127.0.0.1:18891"\n', 1,
     "socket-peers"),
]


def build():
    """The folder of the programs, by run-postern's rule."""
    named = os.environ.get("POSTERN_BUILD")
    if named:
        return named
    places = [d for d in (TOP, TOP + "/build")
              if os.path.exists(d + "/postern")]
    assert places, "postern is not built"
    return max(places, key=lambda d: os.path.getmtime(d + "/postern"))


def check(path):
    done = subprocess.run([build() + "/postern", "-t", "-c", path],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          timeout=60)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def write(folder, text, name="postern.conf"):
    path = "%s/%s" % (folder, name)
    with open(path, "w") as f:
        f.write(text)
    return path


@pytest.mark.parametrize("name,text,line,word", ERRORS,
                         ids=[e[0] for e in ERRORS])
def test_error_names_file_and_line(folder, name, text, line, word):
    path = write(folder, text)
    code, said = check(path)
    assert code == 78, said
    where = re.escape(path) + (":%d: " % line if line else r":\d+: ")
    assert any(re.match(where, x) and word in x
               for x in said.splitlines()), said
    assert "correct" not in said


def test_error_in_an_included_file(folder):
    inner = write(folder, "\n\nworkers = x\n", "more.conf")
    path = write(folder, "spf = yes\n\ninclude(\"more.conf\")\n")
    code, said = check(path)
    assert code == 78 and "%s:3: " % inner in said, said


def test_missing_file(folder):
    code, said = check(folder + "/none.conf")
    assert code == 78 and folder + "/none.conf" in said
    code, said = check(folder)      # a folder
    assert code == 78 and folder in said


def test_several_errors_at_once(folder):
    code, said = check(write(folder, "spf = x\nworkers = y\n"))
    assert code == 78
    assert ":1: " in said and ":2: " in said


@pytest.mark.parametrize("text", [
    "", "# nothing\n", "spf = no\ndkim = off\n",
    "workers = 3\ngrace = 2s\nmessage-size = 25M\nsign-expire = 3w\n",
    "domain \"m\u00fcnchen.example\" { dmarc = enforce }\n",
])
def test_right_configurations(folder, text):
    code, said = check(write(folder, text))
    assert code == 0, said


def test_included_file_may_override(folder):
    write(folder, "workers = 4\n", "more.conf")
    code, said = check(write(folder,
                             "workers = 3\ninclude(\"more.conf\")\n"))
    assert code == 0, said


def test_example_is_correct(folder):
    """The commented example that is shipped."""
    for top, _, files in os.walk(TOP):
        for name in files:
            if name == "postern.conf.example":
                code, said = check(os.path.join(top, name))
                assert code == 0, said


def test_command_line():
    program = build() + "/postern"
    done = subprocess.run([program, "-x"], stderr=subprocess.PIPE,
                          stdout=subprocess.PIPE, timeout=60)
    assert done.returncode == 64 and b"usage:" in done.stderr
    done = subprocess.run([program, "-V"], stdout=subprocess.PIPE,
                          timeout=60)
    assert done.returncode == 0 and done.stdout.startswith(b"postern ")


# -- tests/run-postern

def test_run_postern_exits_78(folder):
    with pytest.raises(Failed) as e:
        Postern(folder + "/p", extra="bogus = 1\n")
    assert e.value.code == 78
    assert "extra.conf:1: " in e.value.log
    with pytest.raises(Failed) as e:
        Postern(folder + "/q", ENFORCE="sometimes")
    assert e.value.code == 78
    with pytest.raises(Failed) as e:
        Postern(folder + "/r", KEYS="/nonexistent")
    assert e.value.code == 78


def test_run_postern_ends_with_its_children(start, world):
    p = start(KEYS=world.keys)
    pids = [p.pid, p.sign_pid]
    assert p.kill() == 0

    def gone():
        return not any(alive(pid) for pid in pids)
    wait_for("the children to be gone", gone, 5)


def test_run_postern_kills_what_hangs(start, world):
    p = start(KEYS=world.keys)
    pids = [p.pid, p.sign_pid]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    p.proc.terminate()
    p.proc.wait(6)      # the promise is 5 seconds
    p.code = p.proc.returncode
    Postern.live.remove(p)
    wait_for("the children to be gone", lambda: not any(
        alive(pid) for pid in pids), 5)


def test_run_postern_ends_when_postern_does(start):
    p = start()
    os.kill(p.pid, signal.SIGKILL)
    assert p.proc.wait(10) == 137
    p.code = 137
    Postern.live.remove(p)


def test_extra_holds_over_ours(start):
    p = start(extra="dmarc = monitor\n", ENFORCE="enforce")
    assert p.submit(mail("x@good.example"), client=STRANGER,
                    sender="x@good.example").accepted


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_run_postern_as_another_user(folder, world):
    """It runs as its caller, who need not be root."""
    if subprocess.run(["test", "-x", TOP + "/tests/run-postern", "-a", "-x",
                       build() + "/postern"], user=65534, group=65534,
                      extra_groups=[]).returncode:
        pytest.skip("another user cannot reach " + TOP)
    run = folder + "/u"
    os.mkdir(run)
    os.chown(run, 65534, 65534)
    env = dict(os.environ, RUN=run, DNS=world.dns.address,
               EXTRA="", KEYS="", SIGN="")
    proc = subprocess.Popen([TOP + "/tests/run-postern"], env=env,
                            user=65534, group=65534, extra_groups=[],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        from tools import accepts
        wait_for("the socket", lambda: proc.poll() is not None or
                 accepts(run + "/milter.sock"))
        assert proc.poll() is None, proc.stdout.read().decode()
        assert os.stat(run + "/milter.sock").st_mode & 0o777 == 0o666
    finally:
        proc.terminate()
        proc.communicate(timeout=20)
