# SPDX-License-Identifier: BSD-2-Clause
"""Reads Authentication-Results (RFC 8601), strictly enough to find mistakes.

parse() gives (authserv-id, [Result]); a Result has method, result, props
("smtp.mailfrom" -> value), reason and comments.
"""
import re

TOKEN = re.compile(r'[^\s;()"=<>,\\]+')


class Result:
    def __init__(self, method, result):
        self.method, self.result = method, result
        self.props, self.comments, self.reason = {}, [], None

    def __getitem__(self, name):
        return self.props[name]

    def get(self, name, default=None):
        return self.props.get(name, default)

    def __repr__(self):
        return "<%s=%s %r %r>" % (self.method, self.result, self.props,
                                  self.comments)


def _lex(text):
    """Tokens: ("word", x), ("quoted", x), ("comment", x), (";", ...) ..."""
    i, out = 0, []
    while i < len(text):
        c = text[i]
        if c in " \t\r\n":
            i += 1
        elif c == "(":
            i, comment = _comment(text, i)
            out.append(("comment", comment))
        elif c == '"':
            m = re.compile(r'"((?:[^"\\]|\\.)*)"').match(text, i)
            assert m, "open quote in " + text
            out.append(("quoted", re.sub(r"\\(.)", r"\1", m.group(1))))
            i = m.end()
        elif c in ";=":
            out.append((c, c))
            i += 1
        else:
            m = TOKEN.match(text, i)
            assert m, "unexpected %r in %r" % (text[i:], text)
            out.append(("word", m.group()))
            i = m.end()
    return out


def _comment(text, i):
    start, depth = i + 1, 0
    while i < len(text):
        if text[i] == "\\":
            i += 1
        elif text[i] == "(":
            depth += 1
        elif text[i] == ")":
            depth -= 1
            if not depth:
                return i + 1, text[start:i]
        i += 1
    raise AssertionError("open comment in " + text)


def parse(value):
    groups = [[]]
    for kind, text in _lex(value):
        if kind == ";":
            groups.append([])
        else:
            groups[-1].append((kind, text))
    words = [t for k, t in groups[0] if k in ("word", "quoted")]
    assert words, "no authserv-id in " + value
    results = []
    for group in groups[1:]:
        if [t for _, t in group] == ["none"]:
            continue
        results.append(_result(group, value))
    return words[0], results


def _result(group, value):
    result, name, i = None, None, 0
    while i < len(group):
        kind, text = group[i]
        if kind == "comment":
            if result:
                result.comments.append(text)
        elif i + 2 < len(group) and group[i + 1][0] == "=":
            what = group[i + 2][1]
            if result is None:
                result = Result(text, what)
            elif text == "reason":
                result.reason = what
            else:
                assert "." in text, "no ptype in %r: %r" % (text, value)
                result.props[text] = what
            i += 2
        else:
            raise AssertionError("%r stands alone in %r" % (text, value))
        i += 1
    assert result, "empty result in " + value
    return result


def of(outcome, authserv_id="mx.example.org"):
    """The results in the topmost field of an accepted message."""
    name, value = outcome.fields[0]
    assert name == b"Authentication-Results", outcome.fields[:2]
    ident, results = parse(value.decode("utf-8"))
    assert ident == authserv_id, value
    return results


def one(results, method):
    found = [r for r in results if r.method == method]
    assert len(found) == 1, (method, results)
    return found[0]
