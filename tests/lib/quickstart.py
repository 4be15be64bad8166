# SPDX-License-Identifier: BSD-2-Clause
"""What ./quickstart shows: a private Postfix with postern, and real mail.

Everything runs on free loopback ports in one temporary folder: an
authoritative DNS server with test zones and a root zone of its own, postern,
postern-sign and postern-scan over a small signature set of its own, Postfix,
and a sink that receives what Postfix delivers.
Exits with 1 when something did not happen as it says.
"""
import email
import email.message
import email.policy
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import zipfile

import keys
import nsd
import postern
import postfix
import sigdb
from tools import TOP, wait_for

BANK = "192.0.2.10"         # the bank's mail host, by its SPF record
STRANGER = "198.51.100.66"  # nobody's
CHECKED = ("authentication-results", "x-postern-quarantine",
           "x-postern-scan", "x-postern-ref")
SIGNED = ("dkim-signature",)


class Show:
    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="postern-quickstart-")
        os.chmod(self.dir, 0o755)
        self.failed, self.parts, self.records = 0, [], {}

    # ---- the parts

    def start(self):
        self.dns = nsd.Nsd(self.dir + "/dns", self.zones())
        self.parts.append(self.dns.close)
        sigdb.make(self.dir + "/signatures")
        self.postern = postern.Postern(
            self.dir + "/postern", DNS=self.dns.address, KEYS=self.dir +
            "/keys", AUTHSERV_ID="mx.example.org", ENFORCE="enforce",
            EICAR_DB=self.dir + "/signatures")
        self.parts.append(self.postern.stop)
        self.postfix = postfix.Postfix(self.postern.sock)
        self.parts.append(self.postfix.close)
        self.postfix.start()

    def zones(self):
        os.mkdir(self.dir + "/keys")
        self.bank_key = keys.make(self.dir + "/bank.pem")
        ours = keys.make(self.dir + "/keys/example.org.key")
        self.records["s1._domainkey.example.org"] = keys.record(ours)
        return {
            ".": [], "example": [], "org": [],
            "bank.example": [
                ("@", "v=spf1 ip4:%s -all" % BANK),
                ("_dmarc", "v=DMARC1; p=reject"),
                ("s1._domainkey", keys.record(self.bank_key))],
            "shop.example": [
                ("@", "v=spf1 ip4:%s -all" % BANK),
                ("_dmarc", "v=DMARC1; p=quarantine")],
            "example.org": [
                ("@", "v=spf1 ip4:203.0.113.1 -all"),
                ("_dmarc", "v=DMARC1; p=reject"),
                ("s1._domainkey", keys.record(ours))],
        }

    def close(self):
        """Ends every part, also when one of them does not end well."""
        for part in reversed(self.parts):
            try:
                part()
            except Exception as e:      # said, and the next one is ended
                print("   NOT AS EXPECTED: %s" % e)
                self.failed += 1
        shutil.rmtree(self.dir, ignore_errors=True)

    # ---- telling

    def title(self, text):
        print("\n== " + text)

    def say(self, text):
        print(textwrap.fill(text, 78))

    def check(self, true, what):
        print("   %s %s" % ("ok:" if true else "NOT AS EXPECTED:", what))
        self.failed += not true

    def fields(self, raw, names):
        """The fields that postern added, as they were delivered."""
        head = raw.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
        unfolded = []
        for line in head.split("\r\n"):
            if line[:1] in " \t" and unfolded:
                unfolded[-1] += "\n" + line
            else:
                unfolded.append(line)
        for field in unfolded:
            if field.partition(":")[0].lower() in names:
                print(textwrap.indent(field.replace("\t", "    "),
                                      "   out | "))

    def log_line(self, subject):
        """postern's line for the message, by its Message-ID."""
        def find():
            return [x for x in self.postern.log().splitlines()
                    if "<%s@quickstart>" % subject in x]
        line = wait_for("postern's log line", find)[-1]
        print(textwrap.fill(line, 78, initial_indent="   log | ",
                            subsequent_indent="       |   ",
                            break_long_words=False,
                            break_on_hyphens=False))

    # ---- the messages

    def message(self, author, subject, to="you@example.org"):
        lines = ["From: " + author, "To: " + to, "Subject: " + subject,
                 "Date: Sat, 21 Nov 2026 10:00:00 +0000",
                 "Message-ID: <%s@quickstart>" % subject, "", "Hello.", ""]
        for line in lines[:3]:
            print("    in | " + line)
        return "\r\n".join(lines).encode()

    def inbound(self, addr, sender, raw):
        """From a client at a foreign address; what it was told."""
        print("    in | from client %s, MAIL FROM:<%s>" % (addr, sender))
        client = self.postfix.client(addr)
        code, text = client.say(raw, sender, ["you@example.org"])
        client.quit()
        print("  said | %d %s" % (code, textwrap.fill(
            text, 68, subsequent_indent="       |     ")))
        return code, text

    def good(self):
        self.title("2. A good message comes in")
        self.say("Its client may send for bank.example (SPF), and it has a "
                 "DKIM signature of bank.example.")
        raw = self.message("Your Bank <news@bank.example>", "good")
        raw = keys.sign(raw, self.bank_key, "bank.example")
        code, _ = self.inbound(BANK, "news@bank.example", raw)
        got = self.postfix.sink.wait("<good@quickstart>").raw
        self.fields(got, CHECKED)
        self.log_line("good")
        self.check(code == 250 and b"dmarc=pass" in got,
                   "accepted, with the results on top")

    def forged(self):
        self.title("3. A forged message comes in")
        self.say("The client is a stranger's, there is no signature, and "
                 "bank.example asks (DMARC p=reject) to refuse such mail.")
        raw = self.message("Your Bank <news@bank.example>", "forged")
        code, text = self.inbound(STRANGER, "x@stranger.example", raw)
        self.log_line("forged")
        self.check(code == 550 and "5.7.26" in text,
                   "refused at SMTP, with a sentence the sender can act on")

    def quarantined(self):
        self.title("4. A doubtful message comes in")
        self.say("The same for shop.example, which asks for quarantine: the "
                 "message passes with a mark that a mail filter can sort by "
                 "(dmarc-quarantine = hold would keep it in Postfix's hold "
                 "queue).")
        raw = self.message("Shop <news@shop.example>", "doubtful")
        code, _ = self.inbound(STRANGER, "x@stranger.example", raw)
        got = self.postfix.sink.wait("<doubtful@quickstart>").raw
        self.fields(got, CHECKED)
        self.log_line("doubtful")
        self.check(code == 250 and b"X-Postern-Quarantine" in got,
                   "accepted and marked")

    def infected_mail(self):
        with io.BytesIO() as packed:
            with zipfile.ZipFile(packed, "w") as z:
                z.writestr("invoice.com", sigdb.EICAR)
            attachment = packed.getvalue()
        mail = email.message.EmailMessage()
        mail["From"] = "Your Bank <news@bank.example>"
        mail["To"] = "you@example.org"
        mail["Subject"] = "infected"
        mail["Date"] = "Sat, 21 Nov 2026 10:00:00 +0000"
        mail["Message-ID"] = "<infected@quickstart>"
        mail.set_content("Your invoice is attached.\n")
        mail.add_attachment(attachment, "application", "zip",
                            filename="invoice.zip")
        mail.add_attachment(b"Nothing but text.\n", "application",
                            "octet-stream", filename="terms.txt")
        print("    in | attachments invoice.zip (%d bytes), terms.txt" %
              len(attachment))
        return keys.sign(mail.as_bytes(policy=email.policy.SMTP),
                         self.bank_key, "bank.example")

    def infected(self):
        self.title("5. A message comes in with an infected attachment")
        self.say("One of two attachments is a zip with the EICAR test file. "
                 "postern-scan, a confined process, finds it; a notice "
                 "stands in its place, all else arrives as it was sent, and "
                 "the part lies sealed in the quarantine.")
        raw = self.infected_mail()
        code, _ = self.inbound(BANK, "news@bank.example", raw)
        got = self.postfix.sink.wait("<infected@quickstart>").raw
        self.fields(got, CHECKED)
        parts = list(email.message_from_bytes(
            got, policy=email.policy.default).iter_attachments())
        notice = [p for p in email.message_from_bytes(
            got, policy=email.policy.default).walk()
            if p.get_content_type() == "text/plain"][-1]
        print(textwrap.indent(notice.get_content(), "   out | "))
        self.log_line("infected")
        self.check(code == 250 and b"X-Postern-Ref" in got and
                   b"UEsDB" not in got,
                   "the infected file is gone, a notice is there")
        self.check(any(p.get_content() == b"Nothing but text.\n"
                       for p in parts),
                   "the other attachment is untouched")
        said = subprocess.run(
            [os.environ["POSTERN_BUILD"] + "/posternctl", "-c",
             self.postern.run + "/postern.conf", "quarantine", "list"],
            stdout=subprocess.PIPE, text=True, check=False).stdout
        print("   posternctl quarantine list")
        print(textwrap.indent(said, "       | "))
        self.check("invoice.zip" in said, "the quarantine has it")

    def outbound(self):
        self.title("6. A user's message goes out")
        self.say("alice has logged in at the submission service; example.org "
                 "is ours. postern-sign holds the key, postern never sees "
                 "it.")
        raw = self.message("Alice <alice@example.org>", "outbound",
                           "bob@elsewhere.example")
        client = self.postfix.submission()
        code, text = client.say(raw, "alice@example.org",
                                ["bob@elsewhere.example"])
        client.quit()
        print("  said | %d %s" % (code, text))
        got = self.postfix.sink.wait("<outbound@quickstart>").raw
        self.fields(got, SIGNED)
        self.log_line("outbound")
        judged = keys.verify(got, self.records)
        print("       | python3-dkim, an independent verifier, says: %s" %
              ["pass" if j[3] is True else j[3] for j in judged])
        self.check(len(judged) == 1 and judged[0][3] is True,
                   "signed, and the signature verifies after Postfix")

    def local(self):
        self.title("7. The host itself sends mail (cron, a bounce)")
        self.say("Mail of sendmail(1) passes non_smtpd_milters: it is signed "
                 "like other outbound mail, and never refused.")
        raw = self.message("root@example.org", "cron", "ops@elsewhere.example")
        self.postfix.sendmail(raw, "-f", "root@example.org",
                              "ops@elsewhere.example")
        got = self.postfix.sink.wait("<cron@quickstart>").raw
        self.log_line("cron")
        judged = keys.verify(got, self.records)
        self.check(len(judged) == 1 and judged[0][3] is True,
                   "signed, and the signature verifies after Postfix")

    def messages(self):
        self.good()
        self.forged()
        self.quarantined()
        self.infected()
        self.outbound()
        self.local()

    def keep(self):
        self.title("It is running; Ctrl-C ends it and cleans up")
        print(textwrap.dedent("""\
            inbound     127.0.0.1:{p.port}    XCLIENT ADDR=192.0.2.10 makes you a foreign client:
                        printf 'EHLO me\\r\\nXCLIENT ADDR=198.51.100.66\\r\\n...' | nc 127.0.0.1 {p.port}
            submission  127.0.0.1:{p.subport}    AUTH PLAIN, any user and password
            sendmail    /usr/sbin/sendmail -C {p.dir}/etc -f alice@example.org bob@elsewhere.example
            DNS         dig -p {d.port} @127.0.0.1 TXT _dmarc.bank.example
            settings    {s.run}/postern.conf   (kill -HUP {s.pid} after a change)
            log         tail -f {s.log_path}
            Postfix     {p.dir}/mail.log""").format(
                p=self.postfix, d=self.dns, s=self.postern))
        sys.stdout.flush()
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


def ended(*_):
    raise KeyboardInterrupt


def main():
    keep = sys.argv[1:] == ["--keep"]
    os.environ.setdefault("POSTERN_BUILD", TOP + "/build")
    signal.signal(signal.SIGTERM, ended)
    signal.signal(signal.SIGHUP, ended)
    show = Show()
    try:
        show.start()
        print("   Postfix, postern, postern-sign, postern-scan and a DNS "
              "server are up.")
        show.messages()
        if show.failed:
            print("\n%d things did not happen as they should." % show.failed)
        else:
            print("\nAll as it should be. Next: README.md, 'Before a real "
                  "Postfix'.")
        if keep:
            signal.pthread_sigmask(signal.SIG_BLOCK,
                                   {signal.SIGINT, signal.SIGTERM})
            show.keep()
    except KeyboardInterrupt:
        print("\ninterrupted")
        show.failed += 1
    finally:
        show.close()
    return 1 if show.failed else 0


if __name__ == "__main__":
    sys.exit(main())
