# SPDX-License-Identifier: BSD-2-Clause
"""The SMTP ends around a private Postfix: a client, a sink, an auth server."""
import base64
import smtplib
import socketserver
import threading

from tools import wait_for


class Received:
    def __init__(self, sender, rcpts, raw):
        self.sender, self.rcpts, self.raw = sender, rcpts, raw


class _SinkHandler(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink.test.example ESMTP")
        sender, rcpts = None, []
        for line in self.rfile:
            verb = line[:4].upper().strip()
            if verb == b"EHLO":
                self.say("250-sink.test.example\r\n250-8BITMIME\r\n"
                         "250-SMTPUTF8\r\n250-PIPELINING\r\n250 SIZE 0")
            elif verb == b"MAIL":
                sender, rcpts = self.path(line), []
                self.say("250 2.1.0 Ok")
            elif verb == b"RCPT":
                refused = self.server.sink.refuse
                if refused and refused in line.decode("utf-8", "replace"):
                    self.say("550 5.1.1 no such user here")
                    continue
                rcpts.append(self.path(line))
                self.say("250 2.1.5 Ok")
            elif verb == b"DATA" and not rcpts:
                self.say("554 5.5.1 no recipients")
            elif verb == b"DATA":
                self.say("354 go on")
                self.server.sink.add(Received(sender, rcpts, self.content()))
                self.say("250 2.0.0 Ok")
            elif verb == b"QUIT":
                self.say("221 2.0.0 bye")
                return
            else:
                self.say("250 2.0.0 Ok")

    @staticmethod
    def path(line):
        return line.partition(b"<")[2].partition(b">")[0].decode(
            "utf-8", "replace")

    def content(self):
        out = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            out.append(line[1:] if line.startswith(b".") else line)
        return b"".join(out)


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class Sink:
    """Stores what is delivered, byte for byte."""

    def __init__(self):
        self.messages, self.refuse = [], None
        self.lock = threading.Lock()
        self.server = _Server(("127.0.0.1", 0), _SinkHandler)
        self.server.sink = self
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def add(self, message):
        with self.lock:
            self.messages.append(message)

    def find(self, text):
        text = text if isinstance(text, bytes) else text.encode()
        with self.lock:
            return [m for m in self.messages if text in m.raw]

    def wait(self, text, seconds=40):
        """The one message that holds this text."""
        return wait_for("a delivery with %r" % text,
                        lambda: self.find(text), seconds)[0]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class _AuthHandler(socketserver.StreamRequestHandler):
    HELLO = b"VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\n" \
            b"COOKIE\t00112233445566778899aabbccddeeff\nDONE\n"

    def handle(self):
        self.wfile.write(self.HELLO)
        for line in self.rfile:
            f = line.decode().rstrip("\n").split("\t")
            if f[0] != "AUTH":
                continue
            resp = [x[5:] for x in f if x.startswith("resp=")]
            user = base64.b64decode(resp[0]).split(b"\0")[1].decode()
            self.wfile.write(("OK\t%s\tuser=%s\n" % (f[1], user)).encode())


class Auth:
    """Dovecot's auth protocol, as far as AUTH PLAIN needs it: always yes."""

    def __init__(self):
        self.server = _Server(("127.0.0.1", 0), _AuthHandler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Client(smtplib.SMTP):
    """smtplib with XCLIENT; said() tells codes and texts, and never raises."""

    def __init__(self, port, timeout=120):
        super().__init__("127.0.0.1", port, timeout=timeout,
                         local_hostname="client.example")
        self.ehlo()

    def xclient(self, addr, name="client.example", helo="client.example"):
        addr = "IPV6:" + addr if ":" in addr else addr
        code, text = self.docmd("XCLIENT", "ADDR=%s NAME=%s HELO=%s PORT=%d" %
                                (addr, name, helo, 4321))
        assert code == 220, (code, text)
        self.ehlo(helo)
        return self

    def say(self, raw, sender, rcpts, options=()):
        """(code, text) of the step that decided."""
        code, text = self.mail(sender, options)
        if code != 250:
            self.rset()
            return code, text.decode("utf-8", "replace")
        taken = False
        for rcpt in rcpts:
            code, text = self.rcpt(rcpt)
            taken = taken or code == 250
        if not taken:
            self.rset()
            return code, text.decode("utf-8", "replace")
        code, text = self.data(raw)
        return code, text.decode("utf-8", "replace")
