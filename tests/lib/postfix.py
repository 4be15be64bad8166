# SPDX-License-Identifier: BSD-2-Clause
"""A private Postfix: its own folders and loopback ports, nothing in
/etc/postfix.  Needs root (Postfix's master does).

Services: inbound (XCLIENT allowed), submission (AUTH PLAIN, any password),
and sendmail(1).  All that leaves goes to a sink that keeps it.
"""
import json
import os
import shutil
import subprocess
import tempfile

import smtp
from tools import accepts, free_port, wait_for

MAIN = """compatibility_level = 3.6
queue_directory = {dir}/spool
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
shlib_directory = /usr/lib/postfix
meta_directory = /etc/postfix
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = all
myhostname = mx.example.org
mydomain = example.org
myorigin = example.org
mynetworks = 127.0.0.0/8
mydestination =
relay_domains = example.org, example.net
relay_recipient_maps =
alias_maps =
alias_database =
local_recipient_maps =
maillog_file = {dir}/mail.log
maillog_file_prefixes = {dir}
fast_flush_domains =
default_transport = smtp:[127.0.0.1]:{sink}
relay_transport = smtp:[127.0.0.1]:{sink}
smtp_host_lookup = native
disable_dns_lookups = yes
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated,
  reject_unauth_destination
smtpd_milters = {milter}
non_smtpd_milters = {milter}
internal_mail_filter_classes = bounce
milter_default_action = tempfail
milter_protocol = 6
always_add_missing_headers = yes
enable_long_queue_ids = yes
disable_mime_output_conversion = yes
smtp_line_length_limit = 0
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
notify_classes =
message_size_limit = 40960000
mailbox_size_limit = 0
"""
MASTER = """127.0.0.1:{port} inet n - {chroot} - - smtpd
  -o milter_macro_daemon_name=INBOUND
127.0.0.1:{subport} inet n - {chroot} - - smtpd
  -o milter_macro_daemon_name=SUBMISSION
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_sasl_type=dovecot
  -o smtpd_sasl_path=inet:127.0.0.1:{auth}
pickup unix n - n 2 1 pickup
cleanup unix n - {chroot} - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """milter: the socket; with chroot, a name below the queue directory."""

    def __init__(self, milter=None, chroot=False, settings=""):
        self.dir = tempfile.mkdtemp(prefix="postern-mx-")
        os.chmod(self.dir, 0o755)
        self.spool = self.dir + "/spool"
        self.sink, self.auth = smtp.Sink(), smtp.Auth()
        self.port, self.subport = free_port(), free_port()
        for sub in ("etc", "spool", "data"):
            os.mkdir(self.dir + "/" + sub)
            os.chmod(self.dir + "/" + sub, 0o755)
        if chroot:
            os.mkdir(self.spool + "/postern")
            os.chmod(self.spool + "/postern", 0o755)
        shutil.chown(self.dir + "/data", "postfix")
        os.chmod(self.dir + "/data", 0o700)
        where = dict(dir=self.dir, sink=self.sink.port, port=self.port,
                     subport=self.subport, auth=self.auth.port,
                     milter="unix:" + milter if milter else "",
                     chroot="y" if chroot else "n")
        self.write("main.cf", MAIN.format(**where) + settings)
        self.write("master.cf", MASTER.format(**where))
        self.started = False

    def write(self, name, text):
        with open("%s/etc/%s" % (self.dir, name), "w") as f:
            f.write(text)

    def command(self, program, *args, text=None, check=True):
        return subprocess.run(
            ["/usr/sbin/" + program, "-C" if program == "sendmail" else "-c",
             self.dir + "/etc", *args], input=text, check=check,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def start(self):
        self.started = True
        try:
            done = self.command("postfix", "start", check=False)
            assert done.returncode == 0, done.stdout.decode() + self.log()
            for port in (self.port, self.subport):
                wait_for("Postfix", lambda: accepts(("127.0.0.1", port)))
        except BaseException:
            self.close()
            raise
        return self

    def client(self, addr=None, **how):
        """A session at the inbound service, from a foreign address."""
        c = smtp.Client(self.port)
        return c.xclient(addr, **how) if addr else c

    def submission(self, user="alice@example.org"):
        c = smtp.Client(self.subport)
        c.user, c.password = user, "any"
        code, text = c.auth("PLAIN", c.auth_plain)
        assert code == 235, (code, text)
        return c

    def sendmail(self, raw, *args):
        """Hands a message in as a local program does."""
        raw = raw.replace(b"\r\n", b"\n")
        done = self.command("sendmail", "-i", *args, text=raw, check=False)
        return done.returncode, done.stdout.decode()

    def queue(self):
        """What is in the queue: a list of postqueue -j's objects."""
        out = self.command("postqueue", "-j", check=False).stdout.decode()
        return [json.loads(line) for line in out.splitlines()
                if line.startswith("{")]

    def release(self, queue_id):
        self.command("postsuper", "-H", queue_id)

    def log(self):
        try:
            with open(self.dir + "/mail.log", errors="replace") as f:
                return f.read()
        except FileNotFoundError:
            return ""

    def close(self):
        if self.started:
            self.command("postfix", "stop", check=False)
        self.sink.close()
        self.auth.close()
        shutil.rmtree(self.dir, ignore_errors=True)
