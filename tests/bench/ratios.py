#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints postern's CPU beside that of the others: ratios.py RESULTS.json

RESULTS.json is what the measuring bench has written: the same run for all.
"""
import json
import statistics
import sys

# Who does the same work, or a part of it.
BESIDE = {
    "in": ["noop", "opendkim verify", "opendmarc", "clamav-milter", "rspamd"],
    "out": ["opendkim sign", "rspamd"],
}
# What clamav-milter, opendkim and opendmarc do together.
CHAIN = ["opendkim verify", "opendmarc", "clamav-milter"]


def cpu(table, row, way, size):
    try:
        return table[row][way][size]["median"]["cpu_s_per_1000"]
    except KeyError:
        return None


def clamd(table, way, size):
    """What clamd itself has used for clamav-milter."""
    try:
        return statistics.median(
            cell["cpu_s_per_1000_by"]["clamd"]
            for cell in table["clamav-milter"][way][size]["runs"])
    except KeyError:
        return None


def beside(name, theirs, ours):
    return ["%s %.3f (%.2f of it)" % (name, theirs, ours / theirs)]


def main():
    with open(sys.argv[1]) as f:
        table = json.load(f)["milter"]
    if "postern" not in table:
        return
    print("CPU seconds per 1000 messages, and postern's in parts of theirs")
    for way, sizes in table["postern"].items():
        for size in sizes:
            ours = cpu(table, "postern", way, size)
            words = ["postern %.3f" % ours]
            for row in BESIDE[way]:
                theirs = cpu(table, row, way, size)
                if theirs:
                    words += beside(row, theirs, ours)
            if clamd(table, way, size):
                words += beside("clamd alone", clamd(table, way, size), ours)
            chain = [cpu(table, row, way, size) for row in CHAIN]
            if all(chain):
                words += beside("opendkim, opendmarc and clamav-milter",
                                sum(chain), ours)
            print("  %s %s: %s" % (way, size, "; ".join(words)))
    print()


if __name__ == "__main__":
    main()
