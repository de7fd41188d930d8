"""Perl's words: declarations, jumps, print, and the calls of functions: perlfunc(1)."""

from __future__ import annotations

import re

from simulator.shell.perl.lexer import Token
from simulator.shell.perl.nodes import Node, NotSimulated
from simulator.shell.perl.terms import Terms
from simulator.shell.perl.tokens import ASSIGN, COMMA, SHIFT, TERNARY

#: Functions that take one argument, and so end at a comma.
_UNARY = frozenset(
    "defined ref scalar lc uc lcfirst ucfirst length chr ord int abs sqrt hex oct rand srand chdir rmdir readlink stat lstat exit umask sleep "
    "localtime gmtime exists delete each keys values shift pop caller undef quotemeta close chomp chop fc sin cos exp log lock require alarm eof "
    "fileno getc".split()
)
_LIST = frozenset(
    "print printf say push unshift splice join split sprintf die warn reverse sort map grep unlink open binmode mkdir rename chmod chown system exec "
    "index rindex substr pack unpack utime link symlink kill wait waitpid time times wantarray opendir readdir closedir seek tell read sysread "
    "syswrite select local atan2 crypt getpwnam getpwuid getgrnam syslog openlog closelog encode_base64 decode_base64 strftime floor ceil basename "
    "dirname hostname flock truncate bless printflush max min sum first uniq any all".split()
)
_PRINT = frozenset(("print", "printf", "say"))
_AFTER_PRINT = frozenset("; } ) || && if unless for foreach while or and".split())
#: Words that cannot begin the thing printed, so that the variable before them is no file handle.
_NOT_A_TERM = frozenset("x eq ne lt gt le ge cmp if unless for foreach while and or".split())


class Words(Terms):
    """What begins with a word."""

    def _word(self) -> Node:
        token = self._take()
        name = token.text
        if self._is("=>"):
            return Node("string", token.line, text=name)
        if name in ("my", "our", "local", "state"):
            return self._declaration(token)
        if name == "sub":
            self.at -= 1
            return self._sub()
        if name in ("do", "eval"):
            body = self._block() if self._is("{") else self._expression(ASSIGN)
            return Node(name, token.line, [body])
        if name in ("last", "next", "redo", "return"):
            return self._jump(token)
        if name in ("STDIN", "STDOUT", "STDERR", "ARGV", "DATA"):
            return Node("handle", token.line, text=name)
        if name in ("__FILE__", "__LINE__", "__PACKAGE__"):
            return Node("string", token.line, text={"__LINE__": str(token.line), "__PACKAGE__": "main"}.get(name, "{file}"))
        if name in _PRINT:
            return self._print(token)
        if name in ("sort", "map", "grep", "first", "any", "all") and (self._is("{") or (self._is("(") and self._peek().text == "{")):
            return self._with_block(token)
        if name in _UNARY or name in _LIST:
            return self._call(token)
        return self._user(token)

    def _declaration(self, token: Token) -> Node:
        if self._is("("):
            return Node("my", token.line, [self._parenthesis()], token.text)
        target = self._variable() if self.now.kind == "variable" else self._expression(TERNARY + 1)
        return Node("my", token.line, [target], token.text)

    def _jump(self, token: Token) -> Node:
        if token.text == "return":
            return Node("return", token.line, [] if self._ends() else [self._expression(COMMA)])
        label = self._take().text if self.now.kind == "name" and re.fullmatch(r"[A-Z_]+", self.now.text) else ""
        return Node(token.text, token.line, text=label)

    def _print(self, token: Token) -> Node:
        parenthesis = self._is("(") and self._closes_statement()
        if parenthesis:
            self._take()
        handle = self._handle()
        items = [] if self._ends() else [self._expression(COMMA)]
        if parenthesis:
            self._need(")")
        return Node("print", token.line, [handle, *items], token.text)

    def _closes_statement(self) -> bool:
        """Whether the parenthesis after print holds all of its arguments."""
        depth, index = 0, self.at
        while index < len(self.tokens):
            text = self.tokens[index].text if self.tokens[index].kind == "operator" else ""
            depth += (text == "(") - (text == ")")
            if depth == 0:
                following = self.tokens[min(index + 1, len(self.tokens) - 1)]
                return following.kind == "end" or following.text in _AFTER_PRINT
            index += 1
        return False

    def _handle(self) -> Node:
        """print's file handle: a bare word, `{$fh}`, or a variable that is followed by a term."""
        token, following = self.now, self._peek()
        if self._is("{"):
            self._take()
            node = self._expression(0)
            self._need("}")
            return node
        if token.kind == "name" and re.fullmatch(r"[A-Z][A-Z0-9_]*", token.text) and following.text not in ("(", ",", ".", ";", "=>", "->"):
            self._take()
            return Node("handle", token.line, text=token.text)
        if token.kind == "name" and token.text in ("STDERR", "STDOUT"):
            self._take()
            return Node("handle", token.line, text=token.text)
        begins_term = following.kind in ("string", "number", "variable") or (following.kind == "name" and following.text not in _NOT_A_TERM)
        if token.kind == "variable" and re.fullmatch(r"\$[A-Za-z_]\w*", token.text) and following.spaced and begins_term:
            self._take()
            return Node("scalar", token.line, text=token.text[1:])
        return Node("handle", token.line, text="STDOUT")

    def _with_block(self, token: Token) -> Node:
        parenthesis = self._skip("(")
        block = self._block()
        self._skip(",")
        items = [] if self._ends() else [self._expression(COMMA)]
        if parenthesis:
            self._need(")")
        return Node("with_block", token.line, [block, *items], token.text)

    def _call(self, token: Token) -> Node:
        name = token.text
        if self._is("("):
            return Node("call", token.line, self._arguments(), name)
        operator = self.now.kind == "operator" and self.now.text not in ("\\", "-", "[", "{", "<", "+", "!", "(")
        if self._ends() or operator or self._is("x", "eq", "ne", "lt", "gt", "le", "ge", "cmp"):
            return Node("call", token.line, [], name)
        if name in _UNARY:
            return Node("call", token.line, [self._expression(SHIFT)], name)
        node = self._expression(COMMA)
        return Node("call", token.line, node.args if node.kind == "list" else [node], name)

    def _user(self, token: Token) -> Node:
        if self._is("("):
            return Node("user", token.line, self._arguments(), token.text)
        if self._is("::"):
            raise NotSimulated(f"the package {token.text}", token.line)
        if re.fullmatch(r"[A-Z][A-Z0-9_]*", token.text):
            return Node("handle", token.line, text=token.text)
        if self._ends() or self.now.kind == "operator":
            return Node("user", token.line, [], token.text, "bare")
        node = self._expression(COMMA)
        return Node("user", token.line, node.args if node.kind == "list" else [node], token.text)
