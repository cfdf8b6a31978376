# SPDX-License-Identifier: LGPL-2.1-or-later
"""MOF (DSP0221) read into declarations: classes, qualifier types and instances.

Knows the syntax only; what a class inherits or a qualifier means is the schema's and the table's.
"""

from __future__ import annotations

import re
from typing import NoReturn, Optional, Union

from .cim import Class, Instance, Method, Property, Qualifier, QualifierType, Value, invalid

Declaration = Union[Class, QualifierType, Instance]

TYPES = frozenset(
    "boolean string char16 datetime real32 real64 "
    "uint8 uint16 uint32 uint64 sint8 sint16 sint32 sint64".split()
)
_QUOTED = r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"'
_STRING = re.compile(_QUOTED, re.DOTALL)
_TOKEN = re.compile(  # an array of single strings is one token: most of a schema's text is in them
    rf"[ \t\r]*(\{{\s*{_QUOTED}(?:\s*,\s*{_QUOTED})*\s*\}}|{_QUOTED}|[\w$.+\-]+|\n|//[^\n]*"
    r"|/\*.*?\*/|'(?:[^'\\\n]|\\.)+'|#pragma|[^\s\w])",
    re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:[xX]([0-9a-fA-F]{1,4})|(.))", re.DOTALL)
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r"}
_INTEGER = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F]{1,40}|[01]{1,80}[bB]|\d{1,40})")
_REAL = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")
_WORDS = {"null": None, "true": True, "false": False}


def read(text: str, file: str = "-", line: int = 1) -> list[Declaration]:
    """Every declaration of a MOF text, in order; a mistake is refused as `file:line: what`."""
    return _Reader(text, file, line).declarations()


def unescape(quoted: str) -> str:
    """The characters that a quoted MOF string stands for."""
    body = quoted[1:-1]
    if "\\" not in body:
        return body
    return _ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else _ESCAPED.get(m[2], m[2]), body)


def integer(word: str) -> int:
    """The number that a MOF integer literal stands for: decimal, hexadecimal, binary or octal."""
    sign, digits = (-1, word[1:]) if word[0] == "-" else (1, word.lstrip("+"))
    if digits[:2] in ("0x", "0X"):
        return sign * int(digits, 16)
    if digits[-1] in "bB":
        return sign * int(digits[:-1], 2)
    if digits[0] == "0" and len(digits) > 1 and digits.strip("01234567") == "":
        return sign * int(digits, 8)
    return sign * int(digits)


class _Reader:
    """One text: its tokens with their lines, and the place the reader has come to."""

    def __init__(self, text: str, file: str, line: int) -> None:
        self.file = file
        self.tokens: list[str] = []
        self.lines: list[int] = []
        self.position = 0
        for token in _TOKEN.findall(text):
            if token != "\n" and token[:2] not in ("//", "/*"):
                self.tokens.append(token)
                self.lines.append(line)
            line += token.count("\n")
        self.tokens += ["", ""]  # who looks one ahead finds something at the end too
        self.lines += [line, line]

    def fail(self, what: str) -> NoReturn:
        token = self.tokens[self.position]
        found = repr(token if token[:1] != "{" else "{") if token else "the end of the text"
        raise invalid(f"{self.file}:{self.lines[self.position]}: {what}, not {found}")

    def take(self, token: str) -> bool:
        if self.tokens[self.position] == token:
            self.position += 1
            return True
        return False

    def word(self, word: str) -> bool:
        if self.tokens[self.position].lower() == word:
            self.position += 1
            return True
        return False

    def expect(self, token: str) -> None:
        if self.tokens[self.position] != token:
            self.fail(f"expected {token!r}")
        self.position += 1

    def name(self, what: str) -> str:
        token = self.tokens[self.position]
        if not token.isidentifier():
            self.fail(f"expected {what}")
        self.position += 1
        return token

    def declarations(self) -> list[Declaration]:
        found: list[Declaration] = []
        while self.tokens[self.position]:
            if self.word("#pragma"):
                self.pragma()
            elif self.word("qualifier"):
                found.append(self.qualifier_type())
            else:
                found.append(self.class_or_instance())
        return found

    def pragma(self) -> None:
        self.name("the name of a pragma")
        self.expect("(")
        while not self.take(")"):
            if not self.tokens[self.position]:
                self.fail("expected ')'")
            self.position += 1

    def qualifier_type(self) -> QualifierType:
        name = self.name("the name of a qualifier")
        self.expect(":")
        type_ = self.type_name()
        is_array = self.array()[0]
        value = self.initializer() if self.take("=") else None
        scopes: list[str] = []
        flavors: list[str] = []
        while self.take(","):
            into = scopes if self.word("scope") else flavors
            if into is flavors and not self.word("flavor"):
                self.fail("expected Scope or Flavor")
            self.expect("(")
            into.append(self.name("a name").lower())
            while self.take(","):
                into.append(self.name("a name").lower())
            self.expect(")")
        self.expect(";")
        return QualifierType(name, type_, is_array, value, tuple(scopes), tuple(flavors))

    def class_or_instance(self) -> Declaration:
        qualifiers = self.qualifiers()
        if self.word("instance"):
            return self.instance()
        if not self.word("class"):
            self.fail("expected a class, an instance or a qualifier")
        line = self.lines[self.position]
        name = self.name("the name of a class")
        superclass = self.name("the name of a superclass") if self.take(":") else None
        properties: dict[str, Property] = {}
        methods: dict[str, Method] = {}
        self.expect("{")
        while not self.take("}"):
            feature = self.feature(name)
            if feature.name in properties or feature.name in methods:
                where = f"{self.file}:{feature.line}: {name}.{feature.name}"
                raise invalid(f"{where}: is declared twice")
            if isinstance(feature, Method):
                methods[feature.name] = feature
            else:
                properties[feature.name] = feature
        self.expect(";")
        return Class(name, superclass, properties, methods, qualifiers, self.file, line)

    def qualifiers(self) -> dict[str, Qualifier]:
        found: dict[str, Qualifier] = {}
        if not self.take("["):
            return found
        while True:
            name = self.name("the name of a qualifier")
            value: Value = True
            if self.take("("):
                value = self.value()
                self.expect(")")
            elif self.tokens[self.position][:1] == "{":
                value = self.initializer()
            if self.take(":"):
                while self.tokens[self.position].isidentifier():
                    self.position += 1
            found[name] = Qualifier(name, value)
            if self.take("]"):
                return found
            self.expect(",")

    def feature(self, class_name: str) -> Union[Property, Method]:
        qualifiers = self.qualifiers()
        line = self.lines[self.position]
        type_, reference = self.type_or_reference()
        name = self.name("the name of a property or method")
        if self.take("("):
            parameters = self.parameters()
            self.expect(";")
            return Method(name, type_, parameters, qualifiers, class_name, line)
        is_array, size = self.array()
        value = self.initializer() if self.take("=") else None
        self.expect(";")
        return Property(name, type_, is_array, value, qualifiers, reference, size, class_name, line)

    def parameters(self) -> dict[str, Property]:
        found: dict[str, Property] = {}
        while not self.take(")"):
            qualifiers = self.qualifiers()
            line = self.lines[self.position]
            type_, reference = self.type_or_reference()
            name = self.name("the name of a parameter")
            is_array, size = self.array()
            found[name] = Property(name, type_, is_array, None, qualifiers, reference, size, "",
                                   line)
            if self.tokens[self.position] != ")":
                self.expect(",")
        return found

    def instance(self) -> Instance:
        if not self.word("of"):
            self.fail("expected 'of'")
        line = self.lines[self.position]
        found = Instance(self.name("the name of a class"), place=f"{self.file}:{line}")
        if self.word("as"):
            self.position += 1
        self.expect("{")
        while not self.take("}"):
            self.qualifiers()
            name = self.name("the name of a property")
            self.expect("=")
            value = self.initializer()
            self.expect(";")
            if value is not None:
                found.properties[name] = value
        self.expect(";")
        return found

    def type_name(self) -> str:
        token = self.tokens[self.position].lower()
        if token not in TYPES:
            self.fail("expected a type")
        self.position += 1
        return token

    def type_or_reference(self) -> tuple[str, Optional[str]]:
        if self.tokens[self.position + 1].lower() == "ref":
            name = self.name("the name of a class")
            self.position += 1
            return "reference", name
        return self.type_name(), None

    def array(self) -> tuple[bool, Optional[int]]:
        if not self.take("["):
            return False, None
        token = self.tokens[self.position]
        size = int(token) if token.isdecimal() and len(token) < 10 else None
        self.position += size is not None
        self.expect("]")
        return True, size

    def initializer(self) -> Value:
        token = self.tokens[self.position]
        if token[:1] == "{" and len(token) > 1:
            self.position += 1
            if "\\" not in token:
                return token.split('"')[1::2]
            return [unescape(each) for each in _STRING.findall(token)]
        if not self.take("{"):
            return self.value()
        values: list[Value] = []
        while not self.take("}"):
            values.append(self.value())
            if self.tokens[self.position] != "}":
                self.expect(",")
        return values

    def value(self) -> Value:
        token = self.tokens[self.position]
        if token[:1] == '"':
            return self.string()
        low = token.lower()
        if _INTEGER.fullmatch(token):
            value: Value = integer(token)
        elif _REAL.fullmatch(token):
            value = float(token)
        elif token[:1] == "'":
            value = unescape(token)
        elif low in _WORDS:
            value = _WORDS[low]
        else:
            self.fail("expected a value")
        self.position += 1
        return value

    def string(self) -> str:
        parts: list[str] = []
        while self.tokens[self.position][:1] == '"':
            token = self.tokens[self.position]
            if len(token) < 2:
                self.fail("expected the end of a string")
            parts.append(unescape(token))
            self.position += 1
        return "".join(parts)
