# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the flow and conformance tests.

POSTERN_BUILD names the folder of the programs (see tests/run-postern).  A
sanitizer build needs nothing more: its reports fail the test that ends the
process.
"""
import os
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "lib"))

import postern as postern_module  # noqa: E402
import world as world_module  # noqa: E402


def _interrupt(*_):
    raise KeyboardInterrupt


def pytest_configure(config):
    # TERM ends as ^C does: what the fixtures began is ended.
    signal.signal(signal.SIGTERM, _interrupt)
    config.addinivalue_line("markers", "root: needs root")
    config.addinivalue_line("markers", "slow: left out of sanitizer runs")


def pytest_collection_modifyitems(items):
    if os.geteuid() == 0:
        return
    for item in items:
        if item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows what the living posterns said last."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for p in postern_module.Postern.live:
            report.sections.append(("log of postern in " + p.run,
                                    "\n".join(p.log().splitlines()[-25:])))


@pytest.fixture(scope="session")
def scratch():
    """A folder for the whole run; short, for the paths of sockets."""
    path = tempfile.mkdtemp(prefix="postern-t-")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def folder(scratch):
    """A folder for one test."""
    path = tempfile.mkdtemp(dir=scratch)
    os.chmod(path, 0o755)
    return path


@pytest.fixture(scope="session")
def world(scratch):
    w = world_module.World(scratch + "/world")
    yield w
    w.close()


@pytest.fixture(scope="session")
def enforcing(world, scratch):
    """The postern of most tests: DMARC enforced, both domains signed for."""
    p = postern_module.Postern(scratch + "/enforce", DNS=world.dns.address,
                               KEYS=world.keys)
    yield p
    p.stop()


@pytest.fixture(scope="session")
def monitoring(world, scratch):
    p = postern_module.Postern(scratch + "/monitor", DNS=world.dns.address,
                               ENFORCE="monitor")
    yield p
    p.stop()


@pytest.fixture(scope="session")
def signatures(scratch):
    """The small signature database."""
    import sigdb
    sigdb.make(scratch + "/signatures")
    return scratch + "/signatures"


@pytest.fixture(scope="session")
def scanning(world, scratch, signatures):
    """A postern with its own scanner, quarantine and journal, and the default
    policies; DMARC only monitored."""
    p = postern_module.Postern(scratch + "/scan", DNS=world.dns.address,
                               KEYS=world.keys, ENFORCE="monitor",
                               EICAR_DB=signatures)
    yield p
    p.stop()


@pytest.fixture
def start(world, folder):
    """start(extra=..., ENFORCE=...): a postern for this test alone."""
    mine = []

    def begin(**how):
        how.setdefault("DNS", world.dns.address)
        p = postern_module.Postern("%s/p%d" % (folder, len(mine)), **how)
        mine.append(p)
        return p

    yield begin
    for p in mine:
        if p.code is None:
            p.stop()


@pytest.fixture
def begin_postfix():
    """begin_postfix(milter): a private Postfix that ends with the test."""
    import postfix
    mine = []

    def begin(milter=None, **how):
        mine.append(postfix.Postfix(milter, **how))
        return mine[-1].start()

    yield begin
    for p in mine:
        p.close()
