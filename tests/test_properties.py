"""Whatever a learner writes, only a real host's errors come back: no exception of ours, no endless loop."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator import open_lab

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NAMES = st.sampled_from(
    "myhostname mydestination myorigin relayhost mynetworks inet_interfaces alias_maps virtual_alias_maps canonical_maps transport_maps "
    "header_checks mailbox_command home_mailbox luser_relay recipient_delimiter queue_run_delay message_size_limit mailbox_size_limit "
    "default_privs forward_path defer_transports smtpd_recipient_restrictions local_transport local_recipient_maps bogus_name".split()
)
VALUES = st.one_of(
    st.sampled_from(
        ["", "$myhostname", "$relayhost", "${mydomain?{x}:{y}}", "${", "$(a", "$$", "hash:/etc/none", "regexp:/etc/aliases", "pcre:{{/x/ OK}}", "inline:{a=b}",
         "static:all", "unionmap:{hash:/etc/aliases}", "0", "-1", "1x", "5d", "99999999999999", "yes", "nobody", "root", "[127.0.0.1]:9", "all", "!/etc/passwd",
         "/etc/passwd", "local:", "error:no", "foo:bar", "permit", "reject", "check_client_access", "|/bin/false", "/nonexistent/", "Maildir/"]
    ),
    st.text("abc$ {}?:=,/[]!#\\\"'\t0123456789", max_size=20),
)  # fmt: skip
LINES = st.one_of(
    st.builds("{} = {}".format, NAMES, VALUES),
    st.builds("{}={}".format, NAMES, VALUES),
    st.builds("  {}".format, VALUES),
    st.text("abc=#$ {}\t\r", max_size=15),
)


@SETTINGS
@given(st.lists(LINES, max_size=6))
def test_any_main_cf(lines: list[str]) -> None:
    """Postfix warns, refuses or works; mail waits, bounces or arrives."""
    lab = open_lab("ubuntu")
    host = lab["ubuntu"]
    host.write("/etc/postfix/main.cf", host.read("/etc/postfix/main.cf") + "\n".join(lines) + "\n")
    for command in ("postconf -n", "postfix reload", "echo hi | mail -s x anna+y", "sendmail -bv anna@example.com", "mailq", "postfix check", "postfix stop; postfix start"):
        host.run(command)
        lab.settle()
    lab.advance("1h")


TARGETS = st.one_of(
    st.sampled_from(
        ["anna", "bernd@ubuntu", "\\carla", "|/bin/cat", '"|exit 75"', '"|exit 1"', "/tmp/file", "/etc/passwd", "/tmp/", ":include:/etc/list", ":include:list", "liste",
         "owner-liste", "root", "nobody-here", '"', "<>", "<anna>", "@", "a b", "(comment)", "anna,", "x@y@z", "|", "[1.2.3.4]", "user@[127.0.0.1]"]
    ),
    st.text("abl:,|/\\\"<>()@ .+-", max_size=12),
)  # fmt: skip


@SETTINGS
@given(st.lists(st.tuples(st.sampled_from(["liste", "owner-liste", "anna", "x+y", "a:b", ""]), TARGETS), max_size=5), st.lists(TARGETS, max_size=3))
def test_any_alias_file(entries: list[tuple[str, str]], members: list[str]) -> None:
    """newaliases warns; every recipient is sent, deferred or bounced; nothing loops for ever."""
    lab = open_lab("ubuntu")
    host = lab["ubuntu"]
    host.write("/etc/list", "\n".join(members) + "\n")
    host.write("/etc/aliases", "".join(f"{name}: {target}\n" for name, target in entries))
    host.write("/home/anna/.forward", "\n".join(target for _, target in entries))
    host.run("chown anna /home/anna/.forward; newaliases; postalias -s hash:/etc/aliases; postalias -q liste /etc/aliases")
    host.run("echo hi | mail -s x liste anna x+y")
    lab.settle()
    lab.advance("2h")
    assert host.run("mailq").exit_code == 0


WORDS = st.sampled_from("ALL - -d -h -H -r -e -f -s -p -i -j -q -b -v deferred hold active incoming all ABCDEF 0123456789 3wXyZ $ID '' * /tmp".split())


@SETTINGS
@given(st.lists(st.tuples(st.sampled_from(["postsuper", "postqueue", "postcat", "mailq", "sendmail", "qshape", "postmap", "postalias", "postlog", "mail"]),
                          st.lists(WORDS, max_size=4), st.sampled_from(["root", "anna"])), max_size=6))  # fmt: skip
def test_any_queue_command(commands: list[tuple[str, list[str], str]]) -> None:
    """With messages in several queues, any options in any order give output or the program's own error."""
    lab = open_lab("ubuntu")
    host = lab["ubuntu"]
    host.run("postconf -e 'relayhost = [127.0.0.1]:9'; postfix reload; for i in 1 2 3; do echo $i | mail -s $i x$i@example.com anna; done")
    lab.settle()
    host.run("postsuper -h $(postqueue -j | jq -r .queue_id | head -1)")
    for name, words, user in commands:
        line = f"ID=$(mailq | grep -m1 -oE '^[0-9A-F]+'); {name} {' '.join(words)} </dev/null"
        assert 0 <= host.run(line, user=user).exit_code < 256
        lab.settle()
    lab.advance("6d")


@SETTINGS
@given(st.text("abcdehilmnoprstux01 $|&;<>(){}[]'\"\\`*?!#~=-+/.,%^@\n", max_size=60))
def test_any_shell_line(line: str) -> None:
    """Bash answers; a loop ends."""
    assert 0 <= open_lab("ubuntu")["ubuntu"].run(line).exit_code < 256
