# SPDX-License-Identifier: BSD-2-Clause
"""The MTA's side of the milter protocol, version 6, as Postfix speaks it.

Milter is one connection.  The methods connect() ... eom() send one step each
with the macros that Postfix sends at it, wait for an answer only where the
filter did not negotiate it away, and return the answer (Reply).  deliver()
does a whole message and returns an Outcome; its message() applies the edits
as Postfix's cleanup does.  raw(), packet() and cut() are there to misbehave.
"""
import ipaddress
import socket
import struct

# What the MTA offers; the filter answers with a part of it.
ACTIONS = 0x1ff
STEPS = 0x1fffff
NO_CONNECT, NO_HELO, NO_MAIL, NO_RCPT = 0x1, 0x2, 0x4, 0x8
NO_BODY, NO_HDRS, NO_EOH = 0x10, 0x20, 0x40
NR_HDR, NO_UNKNOWN, NO_DATA, SKIP, RCPT_REJ = 0x80, 0x100, 0x200, 0x400, 0x800
NR_CONN, NR_HELO, NR_MAIL, NR_RCPT = 0x1000, 0x2000, 0x4000, 0x8000
NR_DATA, NR_UNKN, NR_EOH, NR_BODY = 0x10000, 0x20000, 0x40000, 0x80000
HDR_LEADSPC = 0x100000
CHUNK = 65535

STAGES = ("connect", "helo", "mail", "rcpt", "data", "eom", "eoh")
DEFAULT_MACROS = {
    "connect": "j {daemon_name} {daemon_addr} v _",
    "helo": "{tls_version} {cipher} {cipher_bits} {cert_subject} {cert_issuer}",
    "mail": "i {mail_addr} {mail_host} {mail_mailer} {auth_type} {auth_authen}"
            " {auth_author}",
    "rcpt": "i {rcpt_addr} {rcpt_host} {rcpt_mailer}",
    "data": "i", "header": "", "eoh": "i", "body": "", "eom": "i",
}
WORDS = {
    "c": "continue", "a": "accept", "r": "reject", "t": "tempfail",
    "d": "discard", "y": "reply", "s": "skip", "4": "shutdown",
    "f": "connfail",
}
EDITS = {
    "+": "addrcpt", "2": "addrcpt_par", "-": "delrcpt", "b": "replbody",
    "e": "chgfrom", "h": "addheader", "i": "insheader", "m": "chgheader",
    "q": "quarantine",
}


class Closed(Exception):
    """The filter closed the connection."""


class Protocol(Exception):
    """The filter sent what no MTA would take."""


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode()


class Reply:
    """One answer: word, and for "reply" the SMTP code and text."""

    def __init__(self, word, text=b""):
        self.word = word
        self.text = text.decode("utf-8", "surrogateescape")
        # Postfix's own texts for the plain answers.
        self.line = {
            "reject": "550 5.7.1 Command rejected",
            "tempfail": "451 4.7.1 Service unavailable - try again later",
            "discard": "250 2.0.0 Ok", "accept": "250 2.0.0 Ok",
            "continue": "250 2.0.0 Ok",
        }.get(word, word)
        if word == "reply":
            self.line = self._as_postfix(self.text)

    @staticmethod
    def _as_postfix(text):
        """Postfix takes the text as a format: %% is %, one % is dropped."""
        out, i = [], 0
        while i < len(text):
            if text[i] == "%":
                if text[i + 1:i + 2] == "%":
                    out.append("%")
                    i += 1
            else:
                out.append(text[i])
            i += 1
        return "".join(out)

    @property
    def code(self):
        return int(self.line[:3]) if self.line[:3].isdigit() else 0

    @property
    def enhanced(self):
        words = self.line.split()
        return words[1] if len(words) > 1 else ""

    @property
    def go_on(self):
        return self.word in ("continue", "skip")

    def __repr__(self):
        return "<%s %r>" % (self.word, self.line)


CONTINUE = Reply("continue")


class Message:
    """Header fields as (name, value) with the value's leading blank; body."""

    def __init__(self, raw):
        raw = _bytes(raw)
        if b"\r\n" not in raw:
            raw = raw.replace(b"\n", b"\r\n")
        head, sep, self.body = raw.partition(b"\r\n\r\n")
        if raw.startswith(b"\r\n"):
            head, self.body = b"", raw[2:]
        elif sep:
            head += b"\r\n"
        self.fields = []
        for line in head.split(b"\r\n"):
            if line[:1] in (b" ", b"\t") and self.fields:
                name, value = self.fields[-1]
                self.fields[-1] = (name, value + b"\n" + line)
            elif line:
                name, _, value = line.partition(b":")
                self.fields.append((name, value))

    @staticmethod
    def join(fields, body):
        """The bytes as they go out, with CRLF."""
        out = [n + b":" + v.replace(b"\n", b"\r\n") + b"\r\n"
               for n, v in fields]
        return b"".join(out) + b"\r\n" + body


class Outcome:
    """What became of one message."""

    RECEIVED = (b"Received", b" from client by mx.example.org (Postfix)")

    def __init__(self, fields, body, sender, rcpts):
        self.sent_fields, self.sent_body = list(fields), body
        self.sender, self.rcpts = sender, list(rcpts)
        self.rcpt_replies = []
        self.edits = []             # (word, arguments) in order
        self.progress = 0
        self.final = None           # Reply that decided
        self.step = None            # where it came
        self.fields, self.body = list(fields), body
        self.quarantine = None

    @property
    def word(self):
        """accept, reject, tempfail, discard"""
        if self.final.word in ("continue", "accept"):
            return "accept"
        if self.final.word == "reply":
            return "reject" if self.final.code >= 500 else "tempfail"
        return self.final.word

    @property
    def accepted(self):
        return self.word == "accept"

    def __repr__(self):
        return "<%s at %s: %s>" % (self.word, self.step, self.final.line)

    def apply(self):
        """Applies the edits as cleanup does; our Received stands first."""
        fields, body, replaced = [self.RECEIVED] + self.sent_fields, None, []
        self._one_run()
        for word, arg in self.edits:
            if word in ("insheader", "addheader", "chgheader"):
                index, name, value = arg
                if b"\r" in value or b"\0" in value:
                    raise Protocol("CR or NUL in a header: %r" % value)
                for line in value.split(b"\n")[1:]:
                    if line[:1] not in (b" ", b"\t"):
                        raise Protocol("a fold without blank: %r" % value)
                self._edit(fields, word, index, name, value)
            elif word == "replbody":
                replaced.append(arg)
            elif word == "chgfrom":
                self.sender = arg[0]
            elif word in ("addrcpt", "addrcpt_par"):
                self.rcpts.append(arg[0])
            elif word == "delrcpt":
                self.rcpts.remove(arg[0])
            elif word == "quarantine":
                self.quarantine = arg[0].decode()
        if replaced:
            body = b"".join(replaced)
        self.fields = fields
        self.body = self.sent_body if body is None else body
        return self

    def _one_run(self):
        """Postfix takes nothing between two packets of a new body."""
        words = [w for w, _ in self.edits]
        if "replbody" in words:
            first = words.index("replbody")
            last = len(words) - words[::-1].index("replbody")
            if set(words[first:last]) != {"replbody"}:
                raise Protocol("a body in pieces: %s" % words)

    @staticmethod
    def _edit(fields, word, index, name, value):
        if word == "addheader" or word == "insheader" and index >= len(fields):
            fields.append((name, value))
        elif word == "insheader":
            fields.insert(index, (name, value))
        else:       # chgheader: index per name from 1; Received is not ours
            seen = 0
            for at, (n, _) in enumerate(fields[1:], 1):
                if n.lower() == name.lower():
                    seen += 1
                    if seen == max(index, 1):
                        break
            else:
                if value:
                    fields.append((name, value))
                return
            if value:
                fields[at] = (name, value)
            else:
                del fields[at]

    def message(self, received=False):
        """The message as it goes on, as bytes."""
        fields = self.fields if received else \
            [f for f in self.fields if f != self.RECEIVED]
        return Message.join(fields, self.body)

    def all(self, name):
        """The unfolded values of all fields of this name, from the top."""
        name = _bytes(name).lower()
        return [v.replace(b"\n", b"").strip().decode("utf-8", "replace")
                for n, v in self.fields if n.strip().lower() == name]


class Milter:
    """One milter connection."""

    def __init__(self, address, timeout=60, protocol=STEPS, actions=ACTIONS,
                 version=6, negotiate=True):
        family = socket.AF_UNIX if isinstance(address, str) else \
            socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        self.sock.settimeout(timeout)
        self.sock.connect(address)
        self.macros = {
            "j": "mx.example.org", "v": "Postfix 3.7.11",
            "daemon_name": "INBOUND", "daemon_addr": "127.0.0.1",
        }
        self.wanted = {}
        self.steps = protocol
        if negotiate:
            self.negotiate(version, actions, protocol)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    # -- packets

    def raw(self, data):
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError) as e:
            raise Closed(str(e)) from e

    def packet(self, command, data=b""):
        self.raw(struct.pack(">I", len(data) + 1) + _bytes(command) + data)

    def cut(self, command, data, keep):
        """Sends only the first `keep` bytes of a packet."""
        whole = struct.pack(">I", len(data) + 1) + _bytes(command) + data
        self.raw(whole[:keep])

    def _read(self, n):
        out = bytearray()
        while len(out) < n:
            try:
                got = self.sock.recv(n - len(out))
            except ConnectionResetError as e:
                raise Closed(str(e)) from e
            if not got:
                raise Closed("after %d of %d bytes" % (len(out), n))
            out += got
        return bytes(out)

    def read(self):
        """One packet: (command, data)."""
        size, = struct.unpack(">I", self._read(4))
        if not 0 < size <= 2 << 20:
            raise Protocol("packet of %d bytes" % size)
        data = self._read(size)
        return data[:1].decode("latin-1"), data[1:]

    def closed(self):
        """Waits for the end of the connection; True when it came."""
        try:
            while self.sock.recv(65536):
                pass
        except socket.timeout:
            return False
        except OSError:
            pass
        return True

    # -- steps

    def negotiate(self, version=6, actions=ACTIONS, protocol=STEPS):
        self.packet("O", struct.pack(">III", version, actions, protocol))
        command, data = self.read()
        if command != "O" or len(data) < 12:
            raise Protocol("answer to the negotiation: %r" % command)
        self.version, self.actions, self.steps = struct.unpack(
            ">III", data[:12])
        # libmilter's own bits for large packets stand above the protocol's.
        if self.steps & ~protocol & 0xfffffff or self.actions & ~actions:
            raise Protocol("asks for what was not offered: %#x %#x" %
                           (self.actions, self.steps))
        rest = data[12:]
        while rest:
            stage, = struct.unpack(">I", rest[:4])
            names, _, rest = rest[4:].partition(b"\0")
            self.wanted[STAGES[stage]] = names.decode()

    def send_macros(self, stage, command):
        names = self.wanted.get(stage, DEFAULT_MACROS[stage])
        out = b""
        for name in names.split():
            # Postfix knows long names with their braces only.
            known = name[1:-1] if name[:1] == "{" else name[:1]
            value = self.macros.get(known) if name in (
                known, "{%s}" % known) else None
            if value is not None and value != "":
                out += _bytes(name) + b"\0" + _bytes(value) + b"\0"
        if out:
            self.packet("D", _bytes(command) + out)

    def answer(self, outcome=None):
        """Reads to the answer that ends a step; collects edits."""
        while True:
            command, data = self.read()
            if command in EDITS and outcome is not None:
                outcome.edits.append((EDITS[command],
                                      self._parse_edit(command, data)))
            elif command == "p":
                if outcome is not None:
                    outcome.progress += 1
                    outcome.edits.append(("progress", None))
            elif command == "y":
                return Reply("reply", data.rstrip(b"\0"))
            elif command in WORDS:
                return Reply(WORDS[command])
            else:
                raise Protocol("unexpected %r" % command)

    @staticmethod
    def _parse_edit(command, data):
        if command in "im":
            index, = struct.unpack(">I", data[:4])
            name, value = data[4:].split(b"\0")[:2]
            return index, name, value
        if command == "h":
            name, value = data.split(b"\0")[:2]
            return None, name, value
        if command == "b":
            return data
        return data.rstrip(b"\0").split(b"\0")

    def _step(self, stage, command, data, no, nr, outcome=None):
        if self.steps & no:
            return CONTINUE
        self.send_macros(stage, command)
        self.packet(command, data)
        return CONTINUE if self.steps & nr else self.answer(outcome)

    def connect(self, client="192.0.2.10", name="client.example", port=12345):
        if client.startswith("/") or client == "":
            data = _bytes(name) + b"\0U"
        else:
            six = ipaddress.ip_address(client).version == 6
            shown = "IPv6:" + client if six else client
            data = _bytes(name) + b"\0" + (b"6" if six else b"4") + \
                struct.pack(">H", port) + _bytes(client) + b"\0"
            self.macros["_"] = "%s [%s]" % (name, shown)
        self.macros.update(client_addr=client, client_name=name,
                           client_port=str(port),
                           client_ptr=self.macros.get("client_ptr", name),
                           client_resolve=self.macros.get(
                               "client_resolve", "OK"),
                           client_connections="1")
        return self._step("connect", "C", data, NO_CONNECT, NR_CONN)

    def helo(self, name="client.example"):
        return self._step("helo", "H", _bytes(name) + b"\0", NO_HELO, NR_HELO)

    def mail(self, sender, *params, login=None, brackets=True):
        plain = _bytes(sender)
        self.macros.update(mail_addr=plain, mail_host="", mail_mailer="",
                           i="")
        if login:
            self.macros.update(auth_type="PLAIN", auth_authen=login)
        path = b"<" + plain + b">" if brackets else plain
        data = b"\0".join([path] + [_bytes(p) for p in params]) + b"\0"
        return self._step("mail", "M", data, NO_MAIL, NR_MAIL)

    def rcpt(self, rcpt, *params, brackets=True):
        plain = _bytes(rcpt)
        self.macros.update(rcpt_addr=plain, rcpt_host=plain.rpartition(
            b"@")[2], rcpt_mailer="smtp")
        path = b"<" + plain + b">" if brackets else plain
        data = b"\0".join([path] + [_bytes(p) for p in params]) + b"\0"
        return self._step("rcpt", "R", data, NO_RCPT, NR_RCPT)

    def data(self, queue_id="4TestQueueId"):
        self.macros.update(i=queue_id)
        return self._step("data", "T", b"", NO_DATA, NR_DATA)

    def header(self, name, value):
        """value: all behind the colon."""
        if not self.steps & HDR_LEADSPC and value[:1] == b" ":
            value = value[1:]
        return self._step("header", "L", _bytes(name) + b"\0" +
                          _bytes(value) + b"\0", NO_HDRS, NR_HDR)

    def eoh(self):
        return self._step("eoh", "N", b"", NO_EOH, NR_EOH)

    def body(self, chunk):
        return self._step("body", "B", chunk, NO_BODY, NR_BODY)

    def eom(self, outcome=None):
        return self._step("eom", "E", b"", 0, 0, outcome)

    def abort(self):
        self.packet("A")

    def quit(self):
        try:
            self.packet("Q")
        except Closed:
            pass
        self.close()

    # -- a whole message

    def deliver(self, raw, sender="sender@good.example",
                rcpts=("user@example.org",), login=None, params=(),
                brackets=True, queue_id="4TestQueueId", chunk=CHUNK):
        """MAIL to end of message, on a connection that said HELO."""
        msg = raw if isinstance(raw, Message) else Message(raw)
        out = Outcome(msg.fields, msg.body, sender, rcpts)

        def over(step, reply):
            out.step, out.final = step, reply
            return not reply.go_on

        if over("mail", self.mail(sender, *params, login=login,
                                  brackets=brackets)):
            return out
        for rcpt in rcpts:
            reply = self.rcpt(rcpt, brackets=brackets)
            out.rcpt_replies.append(reply)
            if reply.word in ("accept", "discard", "shutdown"):
                over("rcpt", reply)
                return out
        if not any(r.go_on for r in out.rcpt_replies):
            over("rcpt", out.rcpt_replies[-1])
            self.abort()
            return out
        if self._content(msg, over, queue_id, chunk):
            return out
        over("eom", self.eom(out))
        return out.apply()

    def _content(self, msg, over, queue_id, chunk):
        if over("data", self.data(queue_id)):
            return True
        for name, value in msg.fields:
            if over("header", self.header(name, value)):
                return True
        if over("eoh", self.eoh()):
            return True
        for at in range(0, len(msg.body), chunk):
            reply = self.body(msg.body[at:at + chunk])
            if reply.word == "skip":
                break
            if over("body", reply):
                return True
        return False


def submit(address, raw, client="192.0.2.10", name="client.example",
           helo="client.example", port=12345, macros=None, timeout=60,
           **how):
    """One message over a connection of its own; returns the Outcome."""
    with Milter(address, timeout=timeout) as m:
        m.macros.update(macros or {})
        for reply in (m.connect(client, name, port), m.helo(helo)):
            if not reply.go_on:
                out = Outcome([], b"", "", [])
                out.step, out.final = "connect", reply
                return out
        out = m.deliver(raw, **how)
        m.quit()
        return out
