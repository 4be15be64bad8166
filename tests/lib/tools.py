# SPDX-License-Identifier: BSD-2-Clause
"""Small things that the test library's modules share."""
import os
import socket
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
# Before a command: it gets TERM when we are gone, however that came.
WITH_US = ["setpriv", "--pdeathsig", "TERM"]
_given = set()


def free_port():
    """A loopback port that is free for TCP and UDP, given out once."""
    while True:
        with socket.socket() as tcp, \
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port = tcp.getsockname()[1]
            if port in _given:
                continue
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def wait_for(what, condition, seconds=30, every=0.05):
    """Waits until condition() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise AssertionError("waited %s s in vain for %s" %
                                 (seconds, what))
        time.sleep(every)


def accepts(address):
    """True when something accepts connections there."""
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as s:
        s.settimeout(5)
        try:
            s.connect(address)
        except OSError:
            return False
        return True


def stop(proc, seconds=10):
    """Ends a process that we started, by its handle."""
    if proc.poll() is None:
        proc.terminate()
        try:
            proc.wait(seconds)
        except subprocess.TimeoutExpired:
            proc.kill()
            proc.wait()
    return proc.returncode


def stat_of(pid):
    """State, parent and so on of a process, or None."""
    try:
        with open("/proc/%d/stat" % pid) as f:
            return f.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def alive(pid):
    """Runs; one that has ended and is not yet waited for does not."""
    got = stat_of(pid)
    return got is not None and got[0] != "Z"


def children(pid):
    found = []
    for name in os.listdir("/proc"):
        got = stat_of(int(name)) if name.isdigit() else None
        if got and got[0] != "Z" and int(got[1]) == pid:
            found.append(int(name))
    return found
