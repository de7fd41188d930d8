"""The commands of mail(1) in the order in which they are looked up: the first that fits wins."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from simulator.mua import mail_mark, mail_mime, mail_reply, mail_save, mail_send, mail_settings, mail_show

if TYPE_CHECKING:
    from simulator.mua.mail_session import Session


@dataclass(frozen=True, slots=True)
class Command:
    """`flow` commands are obeyed in a branch that is skipped, `sends` may not be used in a ~: escape."""

    short: str
    name: str
    synopsis: str
    function: Callable[[Session, list[str]], int]
    flow: bool = False
    sends: bool = False


COMMANDS: tuple[Command, ...] = (
    Command("a", "alias", "a[lias] [alias [address...]]", mail_settings.alias),
    Command("alt", "alternates", "alt[ernates] name...", mail_settings.alternates),
    Command("C", "Copy", "C[opy] [msglist]", mail_save.copy),
    Command("cd", "cd", "cd [directory]", mail_settings.change_directory),
    Command("ch", "chdir", "ch[dir] directory", mail_settings.change_directory),
    Command("c", "copy", "c[opy] [[msglist] file]", mail_save.copy),
    Command("dec", "decode", "dec[ode] [msglist]", mail_mime.decode_messages),
    Command("d", "delete", "d[elete] [msglist]", mail_mark.delete),
    Command("di", "discard", "di[scard] [header-field...]", mail_settings.ignore),
    Command("dp", "dp", "dp [msglist]", mail_mark.delete_and_print),
    Command("dt", "dt", "dt [msglist]", mail_mark.delete_and_print),
    Command("ec", "echo", "ec[ho] string ...", mail_settings.echo),
    Command("e", "edit", "e[dit] [msglist]", mail_settings.not_simulated),
    Command("el", "else", "el[se]", mail_settings.otherwise, flow=True),
    Command("en", "endif", "en[dif]", mail_settings.end_if, flow=True),
    Command("env", "envelope", "en[velope]", mail_show.envelope),
    Command("ex", "exit", "ex[it]", mail_save.leave),
    Command("F", "Followup", "F[ollowup] [msglist]", mail_reply.followup, sends=True),
    Command("fi", "file", "fi[le] [file]", mail_save.change_file),
    Command("fold", "folder", "fold[er] [file]", mail_save.change_file),
    Command("folders", "folders", "folders", mail_save.folders),
    Command("fo", "followup", "fo[llowup] [message]", mail_reply.followup, sends=True),
    Command("f", "from", "f[rom] [msglist]", mail_show.from_lines),
    Command("g", "group", "g[roup] [alias [address...]]", mail_settings.alias),
    Command("h", "headers", "h[eaders] [msglist]", mail_show.headers),
    Command("hel", "help", "hel[p] [command...]", mail_settings.help_text),
    Command("ho", "hold", "ho[ld] [msglist]", mail_mark.hold),
    Command("i", "if", "i[f] s|r|t", mail_settings.if_mode, flow=True),
    Command("ig", "ignore", "ig[nore] [header-field...]", mail_settings.ignore),
    Command("inc", "incorporate", "inc[orporate]", mail_show.incorporate),
    Command("l", "list", "l[ist]", mail_settings.list_commands),
    Command("m", "mail", "m[ail] [address...]", mail_send.mail, sends=True),
    Command("M", "Mail", "M[ail] [address...]", mail_send.mail, sends=True),
    Command("mb", "mbox", "mb[ox] [msglist]", mail_mark.mbox),
    Command("n", "next", "n[ext] [message]", mail_show.following),
    Command("nosender", "nos", "nos[ender] [header-field...]", mail_settings.no_sender),
    Command("nou", "nounfold", "nou[nfold] [header-field]", mail_settings.no_unfold),
    Command("P", "Print", "P[rint] [msglist]", mail_show.show),
    Command("pi", "pipe", "pi[pe] [[msglist] command]", mail_save.pipe),
    Command("pre", "preserve", "pre[serve] [msglist]", mail_mark.hold),
    Command("prev", "previous", "prev[ious] [message]", mail_show.previous),
    Command("p", "print", "p[rint] [msglist]", mail_show.show),
    Command("q", "quit", "q[uit]", mail_save.end),
    Command("R", "Reply", "R[eply] [msglist]", mail_reply.reply, sends=True),
    Command("R", "Respond", "R[espond] [msglist]", mail_reply.reply, sends=True),
    Command("r", "reply", "r[eply] [message]", mail_reply.reply, sends=True),
    Command("r", "respond", "r[espond] [message]", mail_reply.reply, sends=True),
    Command("ret", "retain", "ret[ain] [header-field]", mail_settings.retain),
    Command("S", "Save", "S[ave] [msglist]", mail_save.save),
    Command("s", "save", "s[ave] [[msglist] file]", mail_save.save),
    Command("sen", "sendheader", "sen[dheader] [[header][: value]]", mail_send.send_header, sends=True),
    Command("se", "set", "se[t] [name[=[string]]...] [name=number...] [noname...]", mail_settings.assign),
    Command("setq", "setq", "", mail_settings.assign),
    Command("sender", "sen", "sen[der] [header-field...]", mail_settings.sender),
    Command("sete", "setenv", "sete[nv] [name[=value]]", mail_settings.set_environment),
    Command("sh", "shell", "sh[ell] [command]", mail_settings.shell),
    Command("si", "size", "si[ze] [msglist]", mail_show.size),
    Command("so", "source", "so[urce] file", mail_settings.source),
    Command("st", "struct", "st[ruct] [msglist]", mail_mime.structure),
    Command("su", "summary", "su[mmary]", mail_show.summary),
    Command("T", "Type", "T[ype] [msglist]", mail_show.show),
    Command("ta", "tag", "ta[g] [msglist]", mail_mark.tag),
    Command("to", "top", "to[p] [msglist]", mail_show.top),
    Command("tou", "touch", "tou[ch] [msglist]", mail_mark.touch),
    Command("t", "type", "t[ype] [msglist]", mail_show.show),
    Command("una", "unalias", "una[lias] [alias]...", mail_settings.unalias),
    Command("U", "unread", "unread [msglist]", mail_mark.unread),
    Command("u", "undelete", "u[ndelete] [msglist]", mail_mark.undelete),
    Command("unf", "unfold", "unf[old] [header-field]", mail_settings.unfold),
    Command("uns", "unset", "uns[et] name...", mail_settings.unset),
    Command("unt", "untag", "unt[ag] [msglist]", mail_mark.tag),
    Command("va", "variable", "variable [name...]", mail_settings.not_simulated),
    Command("ve", "version", "ve[rsion]", mail_settings.version),
    Command("v", "visual", "v[isual] [msglist]", mail_settings.not_simulated),
    Command("wa", "warranty", "wa[rranty]", mail_settings.warranty),
    Command("W", "Write", "W[rite] [msglist]", mail_mime.write),
    Command("w", "write", "w[rite] [[msglist] file]", mail_mime.write),
    Command("x", "xit", "x[it]", mail_save.leave),
    Command("z", "", "z[+|-|. [count]]", mail_show.scroll),
    Command("?", "?", "? [command...]", mail_settings.help_text),
    Command("!", "", "![command]", mail_settings.shell),
    Command("=", "=", "=", mail_show.current_number),
    Command("#", "#", "# comment", mail_settings.comment),
    Command("*", "*", "*", mail_settings.list_commands),
    Command("+", "+", "+ [message]", mail_show.following),
    Command("|", "|", "| [[msglist] command]", mail_save.pipe),
    Command("-", "-", "- [message]", mail_show.previous),
)
