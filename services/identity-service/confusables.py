#!/usr/bin/env python3
"""Writes src/confusables-data.ts: which characters look alike (UTS #39), from ICU's own tables.

    python3 services/identity-service/confusables.py /usr/lib/x86_64-linux-gnu 76

The folder of ICU's libraries and its major version: 76 is Unicode 16 (Debian trixie, libicu76), 72 is Unicode 15 (bookworm).
Where the system's C library is older than ICU's, run it under the loader of the other system. A migration has to follow:
see src/migrations/look-alikes.ts.
"""
import ctypes
import pathlib
import re
import sys
import unicodedata

folder, version = sys.argv[1], sys.argv[2]
load = lambda name: ctypes.CDLL(f"{folder}/lib{name}.so.{version}", mode=ctypes.RTLD_GLOBAL)
load("icudata")
common, i18n = load("icuuc"), load("icui18n")
found = (ctypes.c_uint8 * 4)()
getattr(common, f"u_getUnicodeVersion_{version}")(found)
unicode_version = f"{found[0]}.{found[1]}"
ignorable = getattr(common, f"u_hasBinaryProperty_{version}")
UCHAR_DEFAULT_IGNORABLE_CODE_POINT = 5

status = ctypes.c_int(0)
opened = getattr(i18n, f"uspoof_open_{version}")
opened.restype = ctypes.c_void_p
checker = ctypes.c_void_p(opened(ctypes.byref(status)))
get_skeleton = getattr(i18n, f"uspoof_getSkeletonUTF8_{version}")


def skeleton(text):
    raw, out, status = text.encode(), ctypes.create_string_buffer(512), ctypes.c_int(0)
    length = get_skeleton(checker, 0, raw, len(raw), out, 512, ctypes.byref(status))
    if status.value > 0:
        raise SystemExit(f"ICU failed with {status.value} on {text!r}")
    return out.raw[:length].decode()


def base36(number):
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[digit] + digits
        if number == 0:
            return digits


characters = [chr(c) for c in range(0x110000) if not 0xD800 <= c < 0xE000]
prototypes = {}
for character in characters:
    # What decomposes is mapped part by part, and what shows nothing is left out, both before the table is asked.
    if unicodedata.normalize("NFD", character) != character or ignorable(ord(character), UCHAR_DEFAULT_IGNORABLE_CODE_POINT):
        continue
    if (looks := skeleton(character)) != character:
        prototypes[character] = looks
for character in characters:
    parts = (c for c in unicodedata.normalize("NFD", character) if not ignorable(ord(c), UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
    ours = unicodedata.normalize("NFD", "".join(prototypes.get(c, c) for c in parts))
    if ours != skeleton(character) and unicodedata.category(character) != "Cn":
        print(f"U+{ord(character):04X}: {ours!r} here, {skeleton(character)!r} by ICU", file=sys.stderr)

entries, before = [], 0
for character, looks in prototypes.items():
    entries.append(base36(ord(character) - before) + ":" + ".".join(base36(ord(c)) for c in looks))
    before = ord(character)
lines, line = [], ""
for entry in entries:
    if len(line) + len(entry) > 150:
        lines.append(line)
        line = ""
    line += entry + " "
lines.append(line)
pathlib.Path(__file__).with_name("src").joinpath("confusables-data.ts").write_text(
    f"""// Made by confusables.py; do not edit. From ICU {version}, whose data is Unicode {unicode_version}.
// Copyright © 1991-2024 Unicode, Inc. SPDX-License-Identifier: Unicode-3.0, whose text is in ../confusables.LICENSE.

/** The version of Unicode that the table is of. */
export const CONFUSABLES_VERSION = "{unicode_version}";

/**
 * Characters that look like others, as `distance:prototype`: code points in base 36, each as its distance from the one before, and
 * those of what it looks like with dots between them.
 */
export const CONFUSABLES = `
{chr(10).join(one.rstrip() for one in lines)}
`;
"""
)
print(f"{len(prototypes)} characters, Unicode {unicode_version}")
