# SPDX-License-Identifier: BSD-2-Clause
"""Entries of the quarantine, written by python3-nacl as doc/quarantine.md
describes them: what posternctl opens here, it opens by the description."""
import json
import os

from nacl import bindings
from nacl.public import PublicKey, SealedBox

CHUNK = 65536


def read_key(path):
    with open(path) as f:
        lines = [line.strip() for line in f if line[0] != "#"]
    return bytes.fromhex("".join(lines))


def seal(name, content, public):
    key = os.urandom(32)
    state = bindings.crypto_secretstream_xchacha20poly1305_state()
    head = bindings.crypto_secretstream_xchacha20poly1305_init_push(state,
                                                                    key)
    out = b"PSTNSL01" + SealedBox(PublicKey(public)).encrypt(key) + head
    chunks = [content[i:i + CHUNK] for i in range(0, len(content), CHUNK)]
    chunks = chunks or [b""]
    for i, chunk in enumerate(chunks):
        tag = 3 if i + 1 == len(chunks) else 0      # FINAL
        out += bindings.crypto_secretstream_xchacha20poly1305_push(
            state, chunk, name.encode(), tag)
    return out


def put(folder, public_file, reference, number, content, **description):
    """One entry; its name.  kept=... and other members may be given."""
    public = read_key(public_file)
    name = "%s-%d" % (reference, number)
    d = {"v": 1, "reference": reference, "number": number,
         "kept": 1795254072, "size": len(content),
         "key": public[:8].hex(), "tenant": "example.org",
         "class": "inbound", "qid": "", "from": "a@example.com",
         "to": ["b@example.org"], "subject": "s", "msgid": "<m@x>",
         "client": "192.0.2.1", "file": "eicar.com",
         "type": "application/octet-stream", "encoding": "identity",
         "offset": 0, "kind": "virus", "name": "Eicar-Test-Signature",
         "sha256": "", "action": "strip"}
    d.update(description)
    with open("%s/%s.sealed" % (folder, name), "wb") as f:
        f.write(seal(name, content, public))
    with open("%s/%s.json" % (folder, name), "w") as f:
        json.dump(d, f)
    return name
