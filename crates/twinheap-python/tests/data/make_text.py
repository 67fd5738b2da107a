"""Writes text.tsv: what CPython 3.13 answers, for tests/text.rs. Run it with python3.13 in this directory."""

import random
import struct
import sys

assert sys.version_info[:2] == (3, 13)
random.seed(20240131)
out = open("text.tsv", "w", encoding="utf-8", newline="\n")


def esc(s):
    return s.encode("unicode_escape").decode("ascii").replace("\t", "\\t")


def row(kind, *cells):
    out.write("\t".join([kind, *map(esc, cells)]) + "\n")


def answer(f):
    try:
        return f()
    except (ValueError, OverflowError, TypeError) as e:
        return "!" + str(e)


floats = [0.0, -0.0, 0.1, 0.5, 1.5, 2.5, 0.125, 2.675, 1e16, 1e15, 123456789012345680.0, 1e-4, 1e-5, 0.00012345,
          1e22, 1e23, 5e-324, 1.7976931348623157e308, -1234.5, 999999.5, 9.5, 99.95, 1e100, 3.141592653589793,
          float("inf"), -float("inf"), float("nan"), 1/3, 100.0, 1234567.0, 12345678.9, 0.999999999]
for _ in range(100):
    floats.append(struct.unpack("d", struct.pack("Q", random.getrandbits(64)))[0])
    floats.append(round(random.uniform(-1000, 1000), random.randrange(6)))
bits = lambda f: format(struct.unpack("Q", struct.pack("d", f))[0], "x")
for f in floats:
    row("repr", bits(f), repr(f))
    for n in (0, 1, 2, 3, 10, 20, -1, -2, -3, 300, -300):
        row("round", bits(f), str(n), answer(lambda: repr(round(f, n))))

ints = [0, 1, -1, 7, 10, 255, 1000, 1234567, -1234567, 10**20, -10**30, 2**64, 65, 0x1F600]
strings = ["", "a", "hello", "héé", "it's", "日本語"]


def spec():
    fill = random.choice(["", "", "", "*", "x", "é", " ", "0"])
    align = random.choice(["", "<", ">", "=", "^"])
    s = (fill + align) if align else ""
    s += random.choice(["", "", "+", "-", " "])
    s += random.choice(["", "", "", "z"])
    s += random.choice(["", "", "#"])
    s += random.choice(["", "", "0"])
    s += random.choice(["", "", "1", "5", "12", "23"])
    s += random.choice(["", "", ",", "_"])
    s += random.choice(["", "", ".0", ".1", ".3", ".10", "."])
    s += random.choice(["", "d", "f", "e", "g", "s", "x", "X", "o", "b", "c", "n", "%", "E", "F", "G", "q"])
    return s


for _ in range(1500):
    s, f, i, t = spec(), random.choice(floats), random.choice(ints), random.choice(strings)
    row("fmtf", bits(f), s, answer(lambda: format(f, s)))
    row("fmti", str(i), s, answer(lambda: format(i, s)))
    row("fmts", t, s, answer(lambda: format(t, s)))
for s in [",_", "_,", "10.5.5", "é", "1" * 30, ".99999999999999999999", "<<", "=5", "05", "05s", "ddd"]:
    for kind, v in (("fmtf", 1.5), ("fmti", 12), ("fmts", "ab")):
        row(kind, bits(v) if kind == "fmtf" else str(v), s, answer(lambda: format(v, s)))

for _ in range(1200):
    p = "%" + "".join(random.sample(["-", "+", " ", "#", "0"], random.randrange(3)))
    p += random.choice(["", "", "1", "6", "15"]) + random.choice(["", "", ".", ".0", ".2", ".9"])
    p += random.choice(["", "", "", "l", "h"])
    kind = random.choice("dfs")
    ty = {"d": random.choice("diuoxX"), "f": random.choice("eEfFgG"), "s": "s"}[kind]
    text = "<" + p + ty + ">%%"
    if kind == "d":
        v = random.choice(ints)
        row("pctd", str(v), text, answer(lambda: text % v))
    elif kind == "f":
        v = random.choice(floats)
        row("pctf", bits(v), text, answer(lambda: text % v))
    else:
        v = random.choice(strings)
        row("pcts", v, text, answer(lambda: text % v))
for text in ["%", "a%", "%5", "%.", "%y", "abc %(x", "%(a", "%-", "%é", "%l", "%5.3q", "%99999999999999999999d"]:
    row("pctd", "1", text, answer(lambda: text % 1) if "(" not in text else answer(lambda: text % {"x": 1}))

chars = [chr(c) for c in list(range(0x180)) + [0x378, 0x200b, 0x2028, 0x3000, 0x30000, 0xe000, 0xffff, 0x1f600, 0xe0001]]
for _ in range(300):
    s = "".join(random.choice(chars + ["'", '"', "\\"] * 20) for _ in range(random.randrange(8)))
    row("reprs", s, repr(s), ascii(s))
    b = bytes(random.randrange(256) for _ in range(random.randrange(8))) + random.choice([b"'", b'"', b"'\"", b""])
    row("reprb", b.hex(), repr(b))
# all of them, as a count and a sum per thousand
for start in range(0, 0x110000, 4096):
    n = sum(1 for c in range(start, start + 4096) if not 0xd800 <= c < 0xe000 and chr(c).isprintable())
    row("printable", str(start), str(n))
