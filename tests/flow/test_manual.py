# SPDX-License-Identifier: BSD-2-Clause
"""What make install installs, and that the manual tells the truth: options,
exit codes, settings, keys of the log, replies."""
import os
import re
import shutil
import subprocess

import pytest

from test_conf import build
from tools import TOP

PAGES = {"postern": "postern.8", "postern-sign": "postern-sign.8",
         "postern-scan": "postern-scan.8", "posternctl": "posternctl.8",
         "settings": "postern.conf.5"}
# Programs, and the folders of their sources; posternctl has tests of its own.
DAEMONS = {"postern": "daemon", "postern-sign": "signer",
           "postern-scan": "scanner"}
SYSEXITS = {"EX_OK": 0, "EX_USAGE": 64, "EX_UNAVAILABLE": 69,
            "EX_SOFTWARE": 70, "EX_OSERR": 71, "EX_OSFILE": 72,
            "EX_CANTCREAT": 73, "EX_TEMPFAIL": 75, "EX_NOPERM": 77,
            "EX_CONFIG": 78}


def page(name):
    with open("%s/man/%s" % (build(), PAGES[name])) as f:
        return f.read()


def sources(*folders):
    for folder in folders:
        for name in sorted(os.listdir("%s/milter/%s" % (TOP, folder))):
            with open("%s/milter/%s/%s" % (TOP, folder, name)) as f:
                yield f.read()


def text_of(path):
    with open(TOP + "/" + path) as f:
        return f.read()


# -- manual pages

@pytest.mark.parametrize("name", PAGES)
def test_form(name):
    assert not re.search("@[a-zA-Z]+@", page(name))
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc")
    done = subprocess.run(["mandoc", "-Tlint", "-W", "warning",
                           "%s/man/%s" % (build(), PAGES[name])],
                          stdout=subprocess.PIPE)
    assert done.stdout == b""


@pytest.mark.parametrize("program", DAEMONS)
def test_options(program):
    """Those of the manual, of -h, and those that it takes."""
    said = subprocess.run(["%s/%s" % (build(), program), "-h"], check=True,
                          stdout=subprocess.PIPE).stdout.decode()
    in_help = set(re.findall(r"^  -(\w)", said, re.M))
    in_page = set(re.findall(r"^\.It Fl (\w)", page(program), re.M))
    taken = re.search(r'getopt\(argc, argv, "([\w:]+)"',
                      text_of("milter/base/options.c"))[1].replace(":", "")
    assert in_page == set(taken)
    assert in_help == in_page - {"h"}


@pytest.mark.parametrize("program", DAEMONS)
def test_exit_codes(program):
    used = set(re.findall(r"\bEX_[A-Z]+\b",
                          "".join(sources(DAEMONS[program]))))
    # The command line is read by base/options.c.
    codes = {SYSEXITS[name] for name in used | {"EX_USAGE"}}
    listed = page(program).partition(".Sh EXIT STATUS")[2]
    documented = {int(n) for n in re.findall(r"^\.It (\d+)$", listed, re.M)}
    assert documented == codes | {0}


def test_signals():
    for program in DAEMONS:
        found = re.findall(r"^\.It Dv (.*)$", page(program), re.M)
        assert found == ["SIGHUP", "SIGTERM , SIGINT"]


def settings():
    return re.findall(r'\b(?:TOP|DOMAIN|KEY|FORWARDER)\("([a-z0-9-]+)"',
                      text_of("milter/state/settings.c") +
                      text_of("milter/state/settings_scan.h"))


def test_every_setting_is_described():
    names = settings()
    assert len(names) > 60
    found = re.findall(r"^\.It Ic ([a-z0-9-]+) No =", page("settings"), re.M)
    assert sorted(found) == sorted(names)


def test_settings_that_pages_name_are_there():
    names = set(settings()) | {"include"}
    for program in DAEMONS:
        for line in re.findall(r"^(?:\.Ic|\.Pq Ic) (\S+)", page(program),
                               re.M):
            assert line in names | {"domain", "key"}, line


def test_readme_names_real_settings():
    """Every `setting = value` of README.md, and each path of the tree."""
    text = text_of("README.md")
    names = set(settings())
    for name in re.findall(r"^    ([a-z-]+) = ", text, re.M):
        assert name in names, name
    for name in re.findall(r"`([a-z]+-[a-z-]+) = ", text):
        assert name in names, name
    for path in re.findall(r"`((?:doc|include|milter|tests|postfix-conf|"
                           r"systemd)/[\w./-]+)`", text):
        assert os.path.exists(TOP + "/" + path), path


# -- doc/interfaces.md

def test_log_keys_are_listed():
    code = text_of("milter/flow/logline.c")
    used = set(re.findall(r'put(?:_text|_number)?\(b, (?:m, )?"([a-z-]+)"',
                          code))
    used |= set(re.findall(r'" ([a-z]+)=%s', code))
    table = text_of("doc/interfaces.md").partition("| key |")[2]
    table = table.partition("\n\n")[0]
    listed = {k for row in table.splitlines()[2:]
              for k in row.split("|")[1].replace(",", " ").split()}
    assert used == listed


def test_replies_are_listed():
    code = "".join(sources("daemon", "flow", "stage"))
    used = set(re.findall(r'"([245]\d\d)",\s*"([245]\.\d+\.\d+)"', code))
    used |= {("451", e) for e in
             re.findall(r'"451", spf \? "([\d.]+)"', code)}
    table = text_of("doc/interfaces.md").partition("## Replies")[2]
    listed = {tuple(r.split()) for r in
              re.findall(r"\b[245]\d\d [245]\.\d+\.\d+", table)}
    assert used and used - listed == set()


# -- make install

INSTALLED = """
sbin/postern sbin/postern-sign sbin/postern-scan sbin/posternctl
sbin/postern-postfix share/man/man8/postern-scan.8
share/man/man8/posternctl.8 lib/systemd/system/postern-scan.service
share/man/man5/postern.conf.5 share/man/man8/postern.8
share/man/man8/postern-sign.8 share/doc/postern/postern.conf.example
share/doc/postern/postfix-conf/main.cf
share/doc/postern/postfix-conf/master.cf
lib/systemd/system/postern.service lib/systemd/system/postern-sign.service
lib/systemd/system/postern.socket
""".split()


def make(*args):
    done = subprocess.run(["make", "-C", build(), "--no-print-directory",
                           *args], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode == 0, done.stdout.decode()[-2000:]
    return done.stdout.decode()


def variable(name):
    with open(build() + "/Makefile") as f:
        return re.search("^%s = (.*)$" % name, f.read(), re.M)[1]


def files(folder):
    return sorted(os.path.join(d, n)[len(folder):]
                  for d, _, names in os.walk(folder) for n in names)


def test_install_and_uninstall(folder):
    dest = "DESTDIR=" + folder + "/dest"
    make("install", dest)
    prefix = variable("prefix")
    assert files(folder + "/dest") == sorted(
        "%s/%s" % (prefix, name) for name in INSTALLED)
    top = folder + "/dest" + prefix
    example = top + "/share/doc/postern/postern.conf.example"
    done = subprocess.run([top + "/sbin/postern", "-t", "-c", example],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout
    for name in DAEMONS:
        with open("%s/lib/systemd/system/%s.service" % (top, name)) as f:
            assert "ExecStart=%s/sbin/%s\n" % (prefix, name) in f.read()
    make("uninstall", dest)
    assert files(folder + "/dest") == []


def test_usual_directory_variables(folder):
    make("install", "DESTDIR=" + folder, "prefix=/usr", "sbindir=/opt/bin",
         "mandir=/opt/man")
    found = files(folder)
    for name in ("/opt/bin/postern", "/opt/man/man8/postern.8",
                 "/usr/share/doc/postern/postern.conf.example"):
        assert name in found


def test_missing_libraries_are_named(folder):
    """All of them at once, with Debian's names."""
    source = os.path.join(build(), variable("srcdir"))
    env = dict(os.environ, ac_cv_lib_spf2_SPF_request_query_mailfrom="no",
               ac_cv_lib_confuse_cfg_parse="no")
    done = subprocess.run([os.path.abspath(source) + "/configure"], env=env,
                          cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    assert done.returncode != 0
    assert b"apt-get install libspf2-dev libconfuse-dev\n" in done.stdout
