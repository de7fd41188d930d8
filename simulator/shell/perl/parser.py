"""Perl's grammar, as far as mail scripts need it: perlsyn(1), perlop(1)."""

from __future__ import annotations

import re

from simulator.shell.perl.lexer import Lexer, Token
from simulator.shell.perl.nodes import Node, NotSimulated, PerlSyntax

#: Binary operators by how tightly they bind; from loose to tight.
_LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("left", ("or", "xor")), ("left", ("and",)), ("not", ("not",)), ("list", ()), ("comma", ()), ("assign", ()), ("ternary", ()),
    ("none", ("..", "...")), ("left", ("||", "//")), ("left", ("&&",)), ("left", ("|", "^")), ("left", ("&",)),
    ("left", ("==", "!=", "<=>", "eq", "ne", "cmp")), ("left", ("<", ">", "<=", ">=", "lt", "gt", "le", "ge")), ("left", ("<<", ">>")),
    ("left", ("+", "-", ".")), ("left", ("*", "/", "%", "x")), ("bind", ("=~", "!~")), ("unary", ()), ("power", ("**",)),
)  # fmt: skip
_NOT, _COMMA, _ASSIGN, _TERNARY = 2, 4, 5, 6
_ASSIGNMENTS = frozenset("= += -= *= /= .= %= x= **= ||= &&= //= |= &= ^= <<= >>=".split())
#: Functions that take one argument, and so end at a comma.
UNARY = frozenset(
    "defined ref scalar lc uc lcfirst ucfirst length chr ord int abs sqrt hex oct rand srand chdir rmdir readlink stat lstat exit umask sleep localtime gmtime "
    "exists delete each keys values shift pop caller undef quotemeta close chomp chop fc sin cos exp log lock require alarm eof fileno getc".split()
)
LIST = frozenset(
    "print printf say push unshift splice join split sprintf die warn reverse sort map grep unlink open binmode mkdir rename chmod chown system exec index "
    "rindex substr pack unpack utime link symlink kill wait waitpid time times wantarray opendir readdir closedir seek tell read sysread syswrite select "
    "local atan2 crypt getpwnam getpwuid getgrnam syslog openlog closelog encode_base64 decode_base64 strftime floor ceil basename dirname hostname flock "
    "truncate bless printflush sprintf lc uc max min sum first uniq any all".split()
)
_PRINT = frozenset(("print", "printf", "say"))


class Parser:
    """Reads tokens into a tree."""

    def __init__(self, source: str, first_line: int = 1) -> None:
        self.tokens = Lexer(source, first_line).run()
        self.at = 0

    # -- tokens ----------------------------------------------------------------------------------------------------------

    @property
    def now(self) -> Token:
        return self.tokens[self.at]

    def _peek(self, ahead: int = 1) -> Token:
        return self.tokens[min(self.at + ahead, len(self.tokens) - 1)]

    def _take(self) -> Token:
        token = self.tokens[self.at]
        self.at += 1
        return token

    def _is(self, *texts: str) -> bool:
        return self.now.kind in ("operator", "name") and self.now.text in texts

    def _skip(self, text: str) -> bool:
        if self._is(text):
            self.at += 1
            return True
        return False

    def _need(self, text: str) -> Token:
        if not self._is(text):
            raise self._fault()
        return self._take()

    def _fault(self) -> PerlSyntax:
        token = self.now
        if token.kind == "end":
            return PerlSyntax(f"syntax error at {{file}} line {token.line}, at EOF")
        return PerlSyntax(f'syntax error at {{file}} line {token.line}, near "{token.text}"')

    # -- statements ------------------------------------------------------------------------------------------------------

    def program(self) -> Node:
        """The whole program. Raises PerlSyntax, NotSimulated."""
        body = self._statements()
        if self.now.kind != "end":
            raise self._fault()
        return Node("block", 1, body)

    def _statements(self) -> list[Node]:
        body: list[Node] = []
        while self.now.kind != "end" and not self._is("}"):
            if self._skip(";"):
                continue
            body.append(self._statement())
        return body

    def _block(self) -> Node:
        line = self._need("{").line
        body = self._statements()
        self._need("}")
        return Node("block", line, body)

    def _statement(self) -> Node:
        token = self.now
        if token.kind == "name":
            compound = {"if": self._if, "unless": self._if, "while": self._while, "until": self._while, "for": self._for, "foreach": self._for,
                        "sub": self._sub, "use": self._use, "no": self._use, "package": self._use, "BEGIN": self._begin, "END": self._begin}  # fmt: skip
            if token.text in compound and not (token.text == "sub" and self._peek().kind != "name"):
                return compound[token.text]()
            if re.fullmatch(r"[A-Z_]+", token.text) and self._peek().text == ":" and self._peek(2).text in ("while", "for", "foreach", "until"):
                self.at += 2
                loop = self._statement()
                loop.more = token.text
                return loop
        if self._is("{"):
            return Node("bare", token.line, [self._block()])
        return self._simple()

    def _begin(self) -> Node:
        self._take()
        return self._block()

    def _simple(self) -> Node:
        node = self._expression(0)
        while self._is("if", "unless", "while", "until", "for", "foreach"):
            word = self._take()
            condition = self._expression(0)
            if word.text in ("if", "unless"):
                node = Node("if", word.line, [self._negated(condition, word.text == "unless"), node])
            elif word.text in ("while", "until"):
                node = Node("dowhile" if node.kind == "do" else "while", word.line, [self._negated(condition, word.text == "until"), node])
            else:
                node = Node("foreach", word.line, [Node("scalar", word.line, text="_"), condition, node])
        if not self._skip(";") and not self._is("}") and self.now.kind != "end":
            raise self._fault()
        return node

    def _negated(self, condition: Node, negate: bool) -> Node:
        return Node("not", condition.line, [condition]) if negate else condition

    def _if(self) -> Node:
        word = self._take()
        self._need("(")
        condition = self._negated(self._expression(0), word.text == "unless")
        self._need(")")
        node = Node("if", word.line, [condition, self._block()])
        if self._is("elsif"):
            self.tokens[self.at] = Token("name", "if", self.now.line)
            node.args.append(self._if())
        elif self._skip("else"):
            node.args.append(self._block())
        return node

    def _while(self) -> Node:
        word = self._take()
        self._need("(")
        condition = Node("number", word.line, text="1") if self._is(")") else self._expression(0)
        self._need(")")
        return Node("while", word.line, [self._negated(self._defined_read(condition), word.text == "until"), self._block()])

    def _defined_read(self, node: Node) -> Node:
        """`while (<FH>)` reads into $_; reading in a condition asks whether there was a line."""
        if node.kind == "readline":
            node = Node("assign", node.line, [Node("scalar", node.line, text="_"), node], "=")
        reads = node.kind == "assign" and node.args[1].kind in ("readline", "call") and (node.args[1].kind == "readline" or node.args[1].text in ("shift", "readdir"))
        return Node("call", node.line, [node], "defined") if reads and node.args[0].kind in ("scalar", "my") else node

    def _for(self) -> Node:
        word = self._take()
        variable = Node("scalar", word.line, text="_")
        if self._is("my", "our", "local"):
            self._take()
        if self.now.kind == "variable":
            variable = Node("scalar", word.line, text=self._take().text[1:])
        self._need("(")
        first = Node("list", word.line) if self._is(";", ")") else self._expression(0)
        if self._skip(";"):
            condition = Node("number", word.line, text="1") if self._is(";") else self._expression(0)
            self._need(";")
            step = Node("list", word.line) if self._is(")") else self._expression(0)
            self._need(")")
            return Node("cfor", word.line, [first, condition, step, self._block()])
        self._need(")")
        return Node("foreach", word.line, [variable, first, self._block()])

    def _sub(self) -> Node:
        line = self._take().line
        name = self._take().text if self.now.kind == "name" else ""
        if self._is("("):
            while not self._skip(")"):
                self.at += 1
        return Node("sub", line, [self._block()], name)

    def _use(self) -> Node:
        word = self._take()
        words = []
        while not self._is(";") and self.now.kind != "end":
            words.append(self._take())
        self._skip(";")
        return Node("use", word.line, text=words[0].text if words else "", more=word.text)

    # -- expressions -----------------------------------------------------------------------------------------------------

    def _expression(self, level: int) -> Node:
        if level >= len(_LEVELS):
            return self._postfix()
        kind, operators = _LEVELS[level]
        special = {"not": self._not, "list": self._next_level, "comma": self._comma, "assign": self._assignment, "ternary": self._conditional, "unary": self._unary,
                   "bind": self._bind, "power": self._power}  # fmt: skip
        if kind in special:
            return special[kind](level)
        node = self._expression(level + 1)
        while self._is(*operators) and not (self.now.text == "x" and self.now.kind == "name" and self._peek().text == "=>"):
            word = self._take()
            node = Node("binary", word.line, [node, self._expression(level + 1)], word.text)
        return node

    def _next_level(self, level: int) -> Node:
        return self._expression(level + 1)

    def _not(self, level: int) -> Node:
        if self._is("not"):
            word = self._take()
            return Node("not", word.line, [self._expression(level)])
        return self._expression(level + 1)

    def _comma(self, level: int) -> Node:
        node = self._expression(level + 1)
        if not self._is(",", "=>"):
            return node
        items = [node]
        while self._is(",", "=>"):
            self._take()
            if self._ends():
                break
            items.append(self._expression(level + 1))
        return Node("list", node.line, items)

    def _ends(self) -> bool:
        return self.now.kind == "end" or self._is(")", "]", "}", ";", ":") or self._is("if", "unless", "while", "until", "for", "foreach", "or", "and")

    def _assignment(self, level: int) -> Node:
        node = self._expression(level + 1)
        if self.now.kind == "operator" and self.now.text in _ASSIGNMENTS:
            word = self._take()
            return Node("assign", word.line, [node, self._assignment(level)], word.text)
        return node

    def _conditional(self, level: int) -> Node:
        node = self._expression(level + 1)
        if self._is("?"):
            line = self._take().line
            yes = self._expression(_ASSIGN)
            self._need(":")
            return Node("ternary", line, [node, yes, self._expression(_ASSIGN)])
        return node

    def _bind(self, level: int) -> Node:
        node = self._expression(level + 1)
        while self._is("=~", "!~"):
            word = self._take()
            pattern = self._expression(level + 1)
            if pattern.kind not in ("match", "substitute", "transliterate"):
                pattern = Node("match", word.line, [pattern], more="")
            bound = Node("bind", word.line, [node, pattern])
            node = Node("not", word.line, [bound]) if word.text == "!~" else bound
        return node

    def _unary(self, level: int) -> Node:
        if self.now.kind == "operator" and self.now.text in ("!", "-", "+", "\\", "++", "--", "~"):
            word = self._take()
            if word.text == "!":
                return Node("not", word.line, [self._unary(level)])
            operand = self._unary(level)
            return operand if word.text == "+" else Node({"\\": "reference", "++": "preinc", "--": "preinc"}.get(word.text, "unary"), word.line, [operand], word.text)
        return self._expression(level + 1)

    def _power(self, level: int) -> Node:
        node = self._postfix()
        if self._is("**"):
            word = self._take()
            return Node("binary", word.line, [node, self._unary(level - 1)], "**")
        return node

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            if self._is("->"):
                node = self._arrow(node)
            elif self._is("[") and node.kind in ("index", "key", "deref_index", "deref_key"):
                node = self._subscript(node, "deref_index")
            elif self._is("{") and node.kind in ("index", "key", "deref_index", "deref_key"):
                node = self._subscript(node, "deref_key")
            elif self._is("++", "--"):
                word = self._take()
                node = Node("postinc", word.line, [node], word.text)
            elif self._is("(") and node.kind in ("deref_index", "deref_key"):
                node = Node("invoke", self.now.line, [node, *self._arguments()])
            else:
                return node

    def _arrow(self, node: Node) -> Node:
        line = self._take().line
        if self._is("["):
            return self._subscript(node, "deref_index")
        if self._is("{"):
            return self._subscript(node, "deref_key")
        if self._is("("):
            return Node("invoke", line, [node, *self._arguments()])
        if self.now.kind == "name":
            raise NotSimulated(f"the method {self.now.text}", line)
        if self.now.kind == "variable" and self.now.text in ("@", "@*"):
            self._take()
        raise NotSimulated("this use of ->", line)

    def _subscript(self, node: Node, kind: str) -> Node:
        line = self.now.line
        key = self._index() if self._is("[") else self._key()
        return Node(kind, line, [node, key])

    def _index(self) -> Node:
        self._need("[")
        node = self._expression(0)
        self._need("]")
        return node

    def _key(self) -> Node:
        self._need("{")
        token = self.now
        if token.kind == "name" and self._peek().text == "}":
            self._take()
            node = Node("string", token.line, text=token.text)
        elif token.text == "-" and self._peek().kind == "name" and self._peek(2).text == "}":
            self.at += 2
            node = Node("string", token.line, text=f"-{self.tokens[self.at - 1].text}")
        else:
            node = self._expression(0)
        self._need("}")
        return node

    def _arguments(self) -> list[Node]:
        self._need("(")
        if self._skip(")"):
            return []
        node = self._expression(0)
        self._need(")")
        return node.args if node.kind == "list" else [node]

    # -- terms -----------------------------------------------------------------------------------------------------------

    def _primary(self) -> Node:
        token = self.now
        if token.kind == "number":
            self._take()
            return Node("number", token.line, text=token.text.replace("_", ""))
        if token.kind == "string":
            self._take()
            return self._string(token)
        if token.kind == "pattern":
            self._take()
            return self._pattern(token)
        if token.kind == "readline":
            self._take()
            return Node("readline", token.line, text=token.text or "ARGV")
        if token.kind == "filetest":
            self._take()
            return Node("filetest", token.line, [self._unary(len(_LEVELS) - 2)], token.text)
        if token.kind == "variable":
            return self._variable()
        if token.kind == "name":
            return self._word()
        if self._is("("):
            return self._parenthesis()
        if self._is("["):
            self._take()
            items = [] if self._is("]") else [self._expression(0)]
            self._need("]")
            return Node("array_ref", token.line, items)
        if self._is("{"):
            self._take()
            items = [] if self._is("}") else [self._expression(0)]
            self._need("}")
            return Node("hash_ref", token.line, items)
        raise self._fault()

    def _string(self, token: Token) -> Node:
        kinds = {"q": "string", "rawdoc": "string", "qw": "words", "qx": "backticks"}
        text = token.parts[0]
        if token.text == "q":
            text = re.sub(r"\\([\\'])", r"\1", text)
        return Node(kinds.get(token.text, "interpolate"), token.line, text=text)

    def _pattern(self, token: Token) -> Node:
        if token.text == "m" or token.text == "qr":
            return Node("match" if token.text == "m" else "regex", token.line, [Node("interpolate", token.line, text=token.parts[0], more="regex")], more=token.parts[1])
        if token.text == "s":
            body, replacement, flags = token.parts[:3]
            made = Parser(replacement, token.line).program() if "e" in flags else Node("interpolate", token.line, text=replacement)
            return Node("substitute", token.line, [Node("interpolate", token.line, text=body, more="regex"), made], more=flags)
        return Node("transliterate", token.line, text="\0".join(token.parts[:2]), more=token.parts[2])

    def _parenthesis(self) -> Node:
        line = self._need("(").line
        inner = Node("list", line) if self._is(")") else self._expression(0)
        self._need(")")
        node = inner if inner.kind == "list" else Node("list", line, [inner])
        if self._is("["):
            return Node("slice", line, [node, self._index()])
        return node

    def _variable(self) -> Node:
        token = self._take()
        sigil, name = token.text[0], token.text[1:]
        if token.text.startswith("$#"):
            if token.text == "$#{":
                inner = self._expression(0)
                self._need("}")
                return Node("last_index", token.line, [inner])
            name = token.text[2:]
            return Node("last_index", token.line, [Node("scalar", token.line, text=name[1:])] if name.startswith("$") else [], name)
        if name == "{":
            if self.now.kind == "name" and self._peek().text == "}":
                name = self._take().text
                self._need("}")
            else:
                inner = self._expression(0)
                self._need("}")
                return self._dereference(sigil, inner, token.line)
        elif name == "":
            return self._dereference(sigil, Node("scalar", token.line, text=self._take().text[1:]), token.line)
        return self._subscripted(sigil, name, token.line)

    def _subscripted(self, sigil: str, name: str, line: int) -> Node:
        if sigil == "$" and self._is("["):
            return Node("index", line, [self._index()], name)
        if sigil == "$" and self._is("{"):
            return Node("key", line, [self._key()], name)
        if sigil == "@" and self._is("["):
            return Node("slice", line, [Node("array", line, text=name), self._index()])
        if sigil == "@" and self._is("{"):
            return Node("hash_slice", line, [self._key()], name)
        if sigil == "&":
            return Node("user", line, self._arguments() if self._is("(") else [Node("array", line, text="_")], name)
        return Node({"$": "scalar", "@": "array", "%": "hash"}[sigil], line, text=name)

    def _dereference(self, sigil: str, inner: Node, line: int) -> Node:
        if sigil == "$" and self._is("["):
            return Node("deref_index", line, [inner, self._index()])
        if sigil == "$" and self._is("{"):
            return Node("deref_key", line, [inner, self._key()])
        return Node({"$": "deref_scalar", "@": "deref_array", "%": "deref_hash"}[sigil], line, [inner])

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
            body = self._block() if self._is("{") else self._expression(_ASSIGN)
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
        if name in UNARY or name in LIST:
            return self._call(token)
        return self._user(token)

    def _declaration(self, token: Token) -> Node:
        if self._is("("):
            return Node("my", token.line, [self._parenthesis()], token.text)
        target = self._variable() if self.now.kind == "variable" else self._expression(_TERNARY + 1)
        return Node("my", token.line, [target], token.text)

    def _jump(self, token: Token) -> Node:
        if token.text == "return":
            return Node("return", token.line, [] if self._ends() else [self._expression(_COMMA)])
        label = self._take().text if self.now.kind == "name" and re.fullmatch(r"[A-Z_]+", self.now.text) else ""
        return Node(token.text, token.line, text=label)

    def _print(self, token: Token) -> Node:
        parenthesis = self._is("(") and self._closes_statement()
        if parenthesis:
            self._take()
        handle = self._handle()
        items = [] if self._ends() else [self._expression(_COMMA)]
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
                return following.kind == "end" or following.text in (";", "}", "if", "unless", "for", "foreach", "while", "or", "and", ")", "||", "&&")
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
        plain = token.kind == "variable" and re.fullmatch(r"\$[A-Za-z_]\w*", token.text)
        if plain and following.spaced and (following.kind in ("string", "number", "variable") or (following.kind == "name" and following.text not in ("x", "eq", "ne", "lt", "gt", "le", "ge", "cmp", "if", "unless", "for", "foreach", "while", "and", "or"))):
            self._take()
            return Node("scalar", token.line, text=token.text[1:])
        return Node("handle", token.line, text="STDOUT")

    def _with_block(self, token: Token) -> Node:
        parenthesis = self._skip("(")
        block = self._block()
        self._skip(",")
        items = [] if self._ends() else [self._expression(_COMMA)]
        if parenthesis:
            self._need(")")
        return Node("with_block", token.line, [block, *items], token.text)

    def _call(self, token: Token) -> Node:
        name = token.text
        if self._is("("):
            return Node("call", token.line, self._arguments(), name)
        if self._ends() or (self.now.kind == "operator" and self.now.text not in ("\\", "-", "[", "{", "<", "+", "!", "(")) or self._is("x", "eq", "ne", "lt", "gt", "le", "ge", "cmp"):
            return Node("call", token.line, [], name)
        if name in UNARY:
            return Node("call", token.line, [self._expression(14)], name)
        node = self._expression(_COMMA)
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
        node = self._expression(_COMMA)
        return Node("user", token.line, node.args if node.kind == "list" else [node], token.text)
