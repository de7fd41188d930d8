"""`lab.why`: what happened to a message, and which line of which file decided it."""

import pytest

from simulator import Lab, open_lab


@pytest.fixture
def three() -> Lab:
    lab = open_lab("three")
    lab.settle()
    return lab


def mail(lab: Lab, host: str, line: str, wait: float = 10) -> None:
    lab[host].run(line)
    lab.settle()
    lab.advance(wait)


def places(lab: Lab, subject: str) -> list[str]:
    """The lines that decided, as `file:line: text` (the default of a parameter has no file)."""
    return [f"{line.place}: {line.text}" if line.path else line.text for story in lab.why(subject).stories for line in story.causes]


def test_a_refusal_leads_to_the_line_that_decided(three: Lab) -> None:
    """The hub says "Relay access denied": the client's story ends at the line in the hub's main.cf; then the line that lets it in."""
    mail(three, "client", "postconf -e 'relayhost = [hub.example.com]'; postfix reload; echo hi | mail -s x carla@example.net")
    number = three["hub"].read("/etc/postfix/main.cf").split("\n").index(
        "smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination") + 1  # fmt: skip
    why = three.why("carla@example.net")
    assert [(story.recipient, story.status) for story in why.stories] == [("carla@example.net", "deferred")]
    assert f"/etc/postfix/main.cf:{number}: smtpd_relay_restrictions = permit_mynetworks" in str(why)
    assert "defer_unauth_destination" in str(why)
    mail(three, "hub", "postconf -e 'mynetworks = 127.0.0.0/8 192.0.2.41/32'; postfix reload")
    mail(three, "client", "postqueue -f")
    why = three.why("carla@example.net")
    assert why.stories[0].status == "sent"
    assert [step.host for step in why.stories[0].steps][-1] == "mx1"
    assert any(line.text == "mynetworks = 127.0.0.0/8 192.0.2.41/32" for line in why.stories[0].causes)


def test_a_story_goes_through_tables_aliases_and_forward_files(three: Lab) -> None:
    """Virtual alias on the hub, alias and .forward on mx1: each is named with its line, and the new message is followed."""
    three["mx1"].run("echo 'list: carla, dora' >> /etc/aliases; newaliases; su - dora -c 'echo carla > .forward'")
    three["hub"].run("echo 'a@v.example list@example.net' > /etc/postfix/virtual; postmap /etc/postfix/virtual; "
                     "postconf -e virtual_alias_domains=v.example virtual_alias_maps=hash:/etc/postfix/virtual; postfix reload")  # fmt: skip
    three.advance(2)
    mail(three, "mx1", "swaks -s hub.example.com -f dora@example.net -t a@v.example --body hi")
    found = places(three, "a@v.example")
    for line in ("/etc/postfix/virtual:1: a@v.example list@example.net", "/etc/aliases:2: list: carla, dora", "/home/dora/.forward:1: carla"):
        assert line in found
    assert "forwarded" in {step.kind for story in three.why("a@v.example").stories for step in story.steps}


def test_table_beats_relayhost(three: Lab) -> None:
    """Both lines are named, and who is outvoted."""
    mail(three, "client", "echo 'example.net smtp:[mx1.example.net]' > /etc/postfix/transport; postmap /etc/postfix/transport; "
         "postconf -e relayhost=[hub.example.com] transport_maps=hash:/etc/postfix/transport; postfix reload; echo x | mail -s x carla@example.net")  # fmt: skip
    kinds = [step.kind for step in three.why("carla@example.net").stories[0].steps]
    assert kinds.index("outvoted") < kinds.index("transport") < kinds.index("sent on")
    assert "/etc/postfix/transport:1: example.net smtp:[mx1.example.net]" in places(three, "carla@example.net")


def test_patterns_networks_and_access_tables_are_found_by_line(three: Lab) -> None:
    """The rule of a regexp table is named, also behind comments and IFs; so are access tables, and only the one that decided."""
    three["hub"].write("/etc/postfix/checks", "# ours\nif /^Subject:/\n/nothing/ WARN\n/lottery/ REJECT no lotteries\nendif\n")
    three["hub"].write("/etc/postfix/senders", "good@x.org  OK\nexample.net  550 5.7.1 go away\n")
    three["hub"].write("/etc/postfix/clients", "192.0.2.31  DUNNO\n")
    three["hub"].run("postmap /etc/postfix/senders /etc/postfix/clients; postconf -e header_checks=regexp:/etc/postfix/checks "
                     "smtpd_recipient_restrictions='check_client_access hash:/etc/postfix/clients, check_sender_access hash:/etc/postfix/senders'; "
                     "postfix reload")  # fmt: skip
    three.advance(2)
    mail(three, "mx1", "swaks -s hub.example.com -f x@b.org -t anna@example.com --h-Subject 'the lottery' --body x")
    assert "/etc/postfix/checks:4: /lottery/ REJECT no lotteries" in places(three, "anna@example.com")
    assert three.why("anna@example.com").stories[0].status == "refused"
    mail(three, "mx1", "swaks -s hub.example.com -f dora@example.net -t bernd@example.com")
    found = places(three, "bernd@example.com")
    assert "/etc/postfix/senders:2: example.net 550 5.7.1 go away" in found
    assert not any("clients:" in line for line in found)


def test_a_stale_source_is_not_taken_for_the_table() -> None:
    """The compiled table decided; if its source has no such line now, that is said."""
    lab = open_lab("ubuntu")
    lab["ubuntu"].run("echo 'hilfe: anna' >> /etc/aliases; newaliases; sed -i /hilfe/d /etc/aliases")
    mail(lab, "ubuntu", "echo x | mail -s x hilfe")
    assert "/etc/aliases (no such line there now" in str(lab.why("hilfe@ubuntu"))


def test_the_end_of_a_message_names_its_parameter(three: Lab) -> None:
    """Five days of attempts are one sentence; the lifetime that ended them is named with its default, the notifications in order."""
    mail(three, "client", "postconf -e delay_warning_time=4h; postfix reload; sleep 1; echo x | mail -s x somebody@example.org")
    assert "next attempt" in [step.kind for step in three.why("somebody@example.org").stories[0].steps]
    three.advance("6d")
    story = three.why("somebody@example.org").stories[0]
    assert story.status == "expired"
    assert [step.kind for step in story.steps].count("deferred") == 1
    assert [step.kind for step in story.steps][-3:] == ["notified", "expired", "notified"]
    assert "maximal_queue_lifetime = 5d" in [line.text for line in story.causes]


def test_what_postsuper_did_is_told() -> None:
    """Held, and deleted by root."""
    lab = open_lab("ubuntu")
    mail(lab, "ubuntu", "postconf -e defer_transports=local; postfix reload; sleep 1; echo x | mail -s x anna", 2)
    mail(lab, "ubuntu", "postsuper -h ALL; postsuper -d ALL", 2)
    story = lab.why("anna@ubuntu").stories[0]
    assert (story.status, [step.kind for step in story.steps][-2:]) == ("deleted", ["held", "deleted"])
    assert "defer_transports = local" in [line.text for line in story.causes]


def test_both_languages_and_both_forms() -> None:
    """English and German; text and Markdown in which nothing of a mail becomes markup; an override of master.cf is a line, too."""
    lab = open_lab("ubuntu")
    lab["ubuntu"].run("postconf -P 'smtp/inet/smtpd_sender_restrictions=reject'; postfix reload")
    lab.advance(2)
    mail(lab, "ubuntu", "swaks -s 127.0.0.1 -f 'a*b*@y.org' -t anna@ubuntu")
    assert "abgelehnt" in str(lab.why("anna@ubuntu", language="de"))
    assert "&lt;a\\*b\\*@y.org>" in lab.why("anna@ubuntu")._repr_markdown_()
    assert any(line.path == "/etc/postfix/master.cf" for line in lab.why("anna@ubuntu").stories[0].causes)
    assert str(lab.why("never@heard.of")) == "Nothing is known of never@heard.of."
    with pytest.raises(ValueError, match="no language 'fr'"):
        lab.why("anna@ubuntu", language="fr")


def test_asking_changes_nothing(three: Lab) -> None:
    """The lab is the same afterwards, byte for byte in its logs and step for step in its session."""
    mail(three, "client", "echo x | mail -s x carla@example.net")
    before = (three["client"].read("/var/log/mail.log"), len(three.trace), list(three.history), three.now)
    three.why("carla@example.net")
    three.dialogue("client", "mx1")
    assert before == (three["client"].read("/var/log/mail.log"), len(three.trace), list(three.history), three.now)
