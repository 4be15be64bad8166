#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""The SPF test suites of the pyspf project (YAML) as data.

As a module: load(path) gives a list of Scenario.  As a program it prints the
suites named on the command line in the form that spf_suite reads, fields
separated by tabs:

    SUITE     file name
    SCENARIO  name
    RR        name type value           TXT in hexadecimal, MX "10 host"
    TEST      name client helo local domain results, "pass,neutral"

What the suites mean (their headers and pyspf's driver say so):
  - records of type SPF count as TXT where a name has no TXT of its own;
    "TXT: NONE" suppresses that;
  - "TIMEOUT" at a name: types that the name does not have time out;
  - a result may be a list: each of them is right.
"""
import os
import sys
from collections import namedtuple

import yaml

Scenario = namedtuple("Scenario", "name records tests")
# records: list of Record.  value: bytes for TXT, (preference, host) for MX,
# None for TIMEOUT, else a string.
Record = namedtuple("Record", "name type value")
# sender: MAIL FROM as the suite has it; "" is the null sender.
Test = namedtuple("Test", "name client helo sender results")


def split_sender(sender):
    """Local part and domain of MAIL FROM; both empty for the null sender."""
    if not sender:
        return "", ""
    local, at, domain = sender.rpartition("@")
    return (local, domain) if at else ("", sender)


def _text(value):
    parts = [value] if isinstance(value, str) else value
    return "".join(parts).encode("utf-8")


def _records_of(name, entries):
    spf, own_txt, rest = [], False, []
    for entry in entries:
        if entry == "TIMEOUT":
            rest.append(Record(name, "TIMEOUT", None))
            continue
        for kind, value in entry.items():
            if kind == "SPF":
                spf.append(Record(name, "TXT", _text(value)))
            elif kind == "TXT":
                own_txt = True
                if value != "NONE":
                    rest.append(Record(name, "TXT", _text(value)))
            elif kind == "MX":
                rest.append(Record(name, "MX", (value[0], value[1])))
            elif value == "TIMEOUT":
                rest.append(Record(name, "TIMEOUT", None))
            else:
                rest.append(Record(name, kind, value))
    return rest if own_txt else rest + spf


def _test(name, data):
    results = data["result"]
    if isinstance(results, str):
        results = [results]
    return Test(name, data["host"], data["helo"], data["mailfrom"] or "",
                [r.lower() for r in results])


def load(path):
    """All scenarios of a suite, in its order."""
    with open(path, "rb") as stream:
        documents = list(yaml.safe_load_all(stream))
    scenarios = []
    for number, document in enumerate(documents, 1):
        records = []
        for name, entries in document["zonedata"].items():
            records += _records_of(name, entries)
        tests = [_test(n, d) for n, d in document["tests"].items()]
        scenarios.append(Scenario(
            document.get("description", "scenario %d" % number),
            records, tests))
    return scenarios


def _value(record):
    if record.type == "TXT":
        return record.value.hex()
    if record.type == "MX":
        return "%s %s" % record.value
    return record.value or ""


def dump(path, out):
    print("SUITE", os.path.basename(path), sep="\t", file=out)
    for scenario in load(path):
        print("SCENARIO", scenario.name, sep="\t", file=out)
        for r in scenario.records:
            print("RR", r.name, r.type, _value(r), sep="\t", file=out)
        for t in scenario.tests:
            local, domain = split_sender(t.sender)
            print("TEST", t.name, t.client, t.helo, local, domain,
                  ",".join(t.results), sep="\t", file=out)


if __name__ == "__main__":
    for suite in sys.argv[1:]:
        dump(suite, sys.stdout)
