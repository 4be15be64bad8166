# SPDX-License-Identifier: BSD-2-Clause
"""postern-postfix on Debian's stock master.cf, with its chroots, for real."""
import os
import shutil
import subprocess

import pytest

import postfix
import world as w
from tools import TOP, accepts, free_port, wait_for

COMMAND = TOP + "/postfix-conf/postern-postfix"
STOCK = "/usr/share/postfix/master.cf.dist"

pytestmark = [pytest.mark.root, pytest.mark.skipif(
    not os.path.exists(STOCK), reason="no " + STOCK)]


def run(config, *args):
    done = subprocess.run([COMMAND, "-c", config, *args], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def read(config):
    """main.cf and master.cf as Postfix reads them, without layout."""
    def pc(*args):
        out = subprocess.run(["postconf", "-c", config, *args], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        return sorted(" ".join(line.split()) for line in out.splitlines())
    # Postfix 3.10 names the folder, or not, by the age of main.cf.
    main = [x for x in pc("-n") if not x.startswith("config_directory =")]
    return main, pc("-M"), pc("-P")


@pytest.fixture
def config(folder):
    shutil.copy(STOCK, folder + "/master.cf")
    with open(folder + "/main.cf", "w") as f:
        f.write("compatibility_level = 3.6\n# a comment\n"
                "smtpd_milters = inet:127.0.0.1:9999\n"
                "milter_protocol = 4\n")
    return folder


def test_apply_check_undo(config):
    before = read(config)
    assert run(config, "check")[0] == 1
    code, said = run(config, "show")
    assert code == 0 and "milter_default_action = tempfail" in said
    assert read(config) == before, "show changes nothing"
    assert run(config, "apply")[0] == 0
    assert run(config, "check")[0] == 0
    main, master, params = read(config)
    assert "smtpd_milters = inet:127.0.0.1:9999, unix:postern/milter.sock" \
        in main
    assert "non_smtpd_milters = $smtpd_milters" in main
    assert any("smtp/inet/milter_macro_daemon_name = INBOUND" in p
               for p in params)
    assert any("cleanup/unix/milter_macro_daemon_name = LOCAL" in p
               for p in params)
    code, said = run(config, "apply")
    assert code == 1 and "run undo first" in said
    assert run(config, "undo")[0] == 0
    assert read(config) == before
    with open(config + "/main.cf") as f:
        assert "# a comment" in f.read()


def test_undo_leaves_later_changes(config):
    assert run(config, "apply")[0] == 0
    subprocess.run(["postconf", "-c", config, "-e",
                    "milter_default_action = accept"], check=True)
    code, said = run(config, "undo")
    assert code == 0 and "left alone: milter_default_action" in said
    assert "milter_default_action = accept" in read(config)[0]


def test_submission_is_named(config):
    with open(config + "/master.cf", "a") as f:
        f.write("submission inet n - y - - smtpd\n"
                "  -o smtpd_sasl_auth_enable=yes\n"
                "10025 inet n - y - - smtpd\n  -o smtpd_milters=\n")
    assert run(config, "apply")[0] == 0
    params = read(config)[2]
    names = [p for p in params if "milter_macro_daemon_name" in p]
    assert any(p.startswith("submission/inet/") and p.endswith("SUBMISSION")
               for p in names)
    assert not any(p.startswith("10025/") for p in names)


@pytest.mark.parametrize("args, code", [
    ([], 64), (["nonsense"], 64), (["show", "more"], 64), (["undo"], 1)])
def test_bad_commands(config, args, code):
    assert run(config, *args)[0] == code


def test_no_configuration(folder):
    code, said = run(folder + "/nowhere", "show")
    assert code == 1 and "no main.cf" in said


def test_mail_through_stock_chroot(world, start):
    """The stock services, only on another port, with what apply sets."""
    mx = postfix.Postfix(None, chroot=True)
    try:
        p = start(SOCK=mx.spool + "/postern/milter.sock")
        port = free_port()
        with open(STOCK) as f:
            text = f.read().replace("\nsmtp      inet ",
                                    "\n127.0.0.1:%d inet " % port)
        mx.write("master.cf", text)
        etc = mx.dir + "/etc"
        subprocess.run(["postconf", "-c", etc, "-X", "smtpd_milters",
                        "non_smtpd_milters"], check=True)
        assert run(etc, "apply")[0] == 0
        # What postinst does for Debian's chroot.
        for sub in ("etc", "dev"):
            os.makedirs(mx.spool + "/" + sub, exist_ok=True)
        for name in ("resolv.conf", "services", "hosts", "localtime",
                     "nsswitch.conf"):
            if os.path.exists("/etc/" + name):
                shutil.copy("/etc/" + name, mx.spool + "/etc/" + name)
        done = mx.command("postfix", "start", check=False)
        assert done.returncode == 0, done.stdout
        mx.started = True
        wait_for("Postfix", lambda: accepts(("127.0.0.1", port)))
        mx.port = port
        client = mx.client(w.STRANGER)
        code, said = client.say(w.mail("x@good.example", "chroot-forged"),
                                "x@evil.example", ["u@example.org"])
        client.quit()
        assert code == 550 and "5.7.26" in said
        client = mx.client(w.HOST)
        code, said = client.say(
            w.mail("x@good.example", "chroot-good"), "x@good.example",
            ["u@example.org"])
        client.quit()
        assert code == 250, said
        got = mx.sink.wait("chroot-good").raw
        assert b"dmarc=pass" in got
        assert "inbound" in [x["class"] for x in p.lines()]
    finally:
        mx.close()
