#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Prints postern's CPU beside that of the others: ratios.py RESULTS.json

RESULTS.json is what the measuring bench has written: the same run for all.
"""
import json
import sys

# Who does a part of the same work.
BESIDE = {
    "in": ["noop", "opendkim verify", "opendmarc", "rspamd"],
    "out": ["opendkim sign", "rspamd"],
}


def cpu(table, row, way, size):
    try:
        return table[row][way][size]["median"]["cpu_s_per_1000"]
    except KeyError:
        return None


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
                    words.append("%s %.3f (%.2f of it)" %
                                 (row, theirs, ours / theirs))
            parts = [cpu(table, r, way, size)
                     for r in ("opendkim verify", "opendmarc")]
            if way == "in" and all(parts):
                words.append("opendkim and opendmarc %.3f (%.2f of it)" %
                             (sum(parts), ours / sum(parts)))
            print("  %s %s: %s" % (way, size, "; ".join(words)))
    print()


if __name__ == "__main__":
    main()
