"""Reads a file of Django's dumpdata one row at a time, however large the file is."""
from __future__ import unicode_literals

import codecs
import hashlib
import json
import os
import re
import stat

CHUNK = 256 * 1024
# A row is kept in memory as a whole. Without a limit, an unclosed quote would read the rest of the file.
LARGEST_ROW = 32 * 1024 * 1024

_BLANK = re.compile("[ \t\r\n]*")
# What decides where an object ends: brackets outside strings. An unclosed string matches as a single quote.
_STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)


class DumpFault(Exception):
    """The dump can't be read; the message says where, and never shows its content."""


class DumpStream(object):
    """Rows of a dump, which can be read more than once where it is a file.

    Looks only at the structure of the JSON: text that looks like JSON stays text. The digest of the file is known
    when all rows were read.
    """

    def __init__(self, descriptor):
        self._descriptor = descriptor
        self.digest = None

    def rows(self):
        """Yields (number, row) for each row, counted from 1."""
        self._start()
        self._expect_array()
        number = 0
        while True:
            character = self._peek()
            if character == "]" and number == 0:
                break
            number += 1
            if character == "":
                raise self._cut_off("before row %d" % number)
            if character != "{":
                raise DumpFault("row %d of the dump is not a JSON object (at byte %s)" % (number, self._offset()))
            yield number, self._object(number)
            separator = self._peek()
            if separator == "":
                raise self._cut_off("after row %d" % number)
            if separator not in ",]":
                raise DumpFault(
                    "the dump has no comma between the rows %d and %d (at byte %s)"
                    % (number, number + 1, self._offset())
                )
            if separator == "]":
                break
            self._at += 1
        self._at += 1
        if self._peek() != "":
            raise DumpFault("the dump has text after the end of its array, at byte %s" % self._offset())
        self.digest = self._hash.hexdigest()

    def _start(self):
        if stat.S_ISREG(os.fstat(self._descriptor).st_mode):
            os.lseek(self._descriptor, 0, os.SEEK_SET)
        self.digest = None
        self._hash = hashlib.sha256()
        self._text = codecs.getincrementaldecoder("utf-8")()
        self._decoder = json.JSONDecoder()
        self._buffer = ""
        self._at = 0
        self._bytes = 0
        self._ended = False

    def _fill(self):
        """Reads more; returns whether there was anything. The more is pending, the more is read at once."""
        if self._ended:
            return False
        self._buffer = self._buffer[self._at :]
        self._at = 0
        data = os.read(self._descriptor, max(CHUNK, len(self._buffer)))
        self._hash.update(data)
        self._ended = not data
        try:
            self._buffer += self._text.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            if self._ended:
                raise self._cut_off("in the middle of a character")
            raise DumpFault(
                "the dump is not UTF-8, near byte %d: dump it with a UTF-8 locale" % (self._bytes + error.start)
            )
        self._bytes += len(data)
        return True

    def _offset(self):
        return self._bytes - len(self._buffer[self._at :].encode("utf-8", "replace"))

    def _peek(self):
        """Next character that is not blank; empty at the end."""
        while True:
            self._at = _BLANK.match(self._buffer, self._at).end()
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._fill():
                return ""

    def _expect_array(self):
        self._fill()
        if self._buffer.startswith("\ufeff"):
            self._at = 1
        first = self._peek()
        if first == "":
            raise DumpFault("the dump is empty")
        if first != "[":
            raise DumpFault(
                "the dump is not a JSON array: it must begin with [, as `manage.py dumpdata` writes it"
                " (if a warning precedes it, use dumpdata's --output)"
            )
        self._at += 1

    def _object(self, number):
        while True:
            try:
                value, self._at = self._decoder.raw_decode(self._buffer, self._at)
                return value
            # RuntimeError: nested too deeply for Python.
            except (ValueError, RuntimeError):
                if self._is_whole():
                    raise DumpFault("row %d of the dump is not JSON (it begins at byte %s)" % (number, self._offset()))
            if len(self._buffer) - self._at > LARGEST_ROW:
                raise DumpFault(
                    "row %d of the dump has more than %d characters: look for a missing quote or brace in it"
                    % (number, LARGEST_ROW)
                )
            if not self._fill():
                raise self._cut_off("in the middle of row %d" % number)

    def _is_whole(self):
        """Is the end of the object that begins here in the buffer?"""
        depth = 0
        for token in _STRUCTURE.finditer(self._buffer, self._at):
            text = token.group()
            if text == '"':
                return False
            if text in "{[":
                depth += 1
            elif text in "}]":
                depth -= 1
                if depth == 0:
                    return True
        return False

    def _cut_off(self, where):
        return DumpFault("the dump ends %s, after %d bytes: it is incomplete" % (where, self._bytes))
