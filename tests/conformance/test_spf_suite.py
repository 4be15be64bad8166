# SPDX-License-Identifier: BSD-2-Clause
"""The public SPF suites over the milter socket, with real DNS answers.

POSTERN_SUITES names the folder with spf/rfc7208-tests.yml and
spf/rfc4408-tests.yml; without it the tests are skipped.
"""
import os

import pytest

import authres
import milterclient
import odddns
import postern
from world import mail

spf_cases = pytest.importorskip("spf_cases")

SUITES = os.environ.get("POSTERN_SUITES", "")
AUTHSERV = "mx.example.org"
# Short deadlines: a scenario's dead names would cost minutes else.
QUICK = "dns-timeout = 1s\ndns-budget = 20s\ndns-cache = 0\n"


def path(name):
    return os.path.join(SUITES, "spf", name)


def names_of(scenario):
    """A scenario's records as baddns.py wants them."""
    names = {}
    for r in scenario.records:
        if any(len(x) > 63 for x in r.name.split(".")):
            continue            # no DNS can have it
        kinds = names.setdefault(r.name, {})
        if r.type == "TIMEOUT":
            kinds["*"] = {"drop": True}
        elif r.type == "TXT":
            kinds.setdefault("TXT", []).append(
                r.value.decode("utf-8", "surrogateescape"))
        else:
            kinds.setdefault(r.type, []).append(r.value)
    return names


def check(sock, test):
    """The result that postern reports for one case, as a word."""
    with milterclient.Milter(sock) as m:
        m.connect(test.client, "unknown")
        m.helo(test.helo)
        out = m.deliver(mail(None, "spf suite"), test.sender)
        m.quit()
    if not out.accepted:
        return "refused: " + out.final.line
    results = [r for r in authres.of(out, AUTHSERV) if r.method == "spf"]
    # The MAIL FROM identity comes first; for a null sender it is HELO's.
    wanted = "smtp.mailfrom" if test.sender else "smtp.helo"
    assert wanted in results[0].props, results
    return results[0].result


@pytest.mark.parametrize("name,total", [("rfc7208", 203), ("rfc4408", 191)])
def test_suite(name, total, folder, capsys):
    if not os.path.exists(path(name + "-tests.yml")):
        pytest.skip("POSTERN_SUITES names no folder with spf/%s-tests.yml" %
                    name)
    right, wrong = 0, []
    dns = odddns.OddDns(folder)
    p = None
    try:
        for scenario in spf_cases.load(path(name + "-tests.yml")):
            dns.set(names_of(scenario))
            # A process for each: no answer of another's zone is kept.
            p = postern.Postern(folder + "/p", DNS=dns.address,
                                AUTHSERV_ID=AUTHSERV, extra=QUICK)
            for test in scenario.tests:
                got = check(p.sock, test)
                if got in test.results:
                    right += 1
                else:
                    wrong.append("%s: %s, not %s" % (
                        test.name, got, "/".join(test.results)))
            p.stop()
            p = None
    finally:
        if p is not None:
            p.kill()
        dns.close()
    with capsys.disabled():
        print("\n%s: %d of %d" % (name, right, right + len(wrong)))
    assert not wrong, "\n".join(wrong)
    assert right == total
