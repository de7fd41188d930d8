"""check_policy_service of smtpd(8): another program decides. SMTPD_POLICY_README."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from simulator.postfix.lib.braces import list_words, unbrace
from simulator.postfix.lib.endpoint import open_endpoint
from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.parameter_values import to_int, to_seconds
from simulator.postfix.lib.parameters import Parameters
from simulator.postfix.lib.policy_client import PolicyServer, PolicyTrouble, ask_policy
from simulator.postfix.smtpd_access import obey
from simulator.postfix.smtpd_access_actions import Entry
from simulator.postfix.smtpd_decision import Arguments, Subject, Verdict
from simulator.postfix.smtpd_state import END_OF_MESSAGE

if TYPE_CHECKING:
    from simulator.postfix.smtpd_check import SmtpdCheck

_PREFIX = "smtpd_policy_service_"
#: Settings that may stand in braces behind the server: name -> is it a time?
_TIMES = ("timeout", "max_idle", "max_ttl", "retry_delay")
_NUMBERS = ("request_limit", "try_limit")
_TEXTS = ("default_action", "policy_context")
_DEFAULT_ACTION = "451 4.3.5 Server configuration problem"
_CONTENT = ("DATA", "BDAT", END_OF_MESSAGE)


def policy_server(params: Parameters, spec: str) -> PolicyServer:
    """`unix:private/policy`, or `{ unix:private/policy, timeout=10s, ... }` with settings of its own. Raises Fatal."""
    settings: dict[str, str] = {}
    address = spec
    if spec.startswith("{"):
        inside, error = unbrace(spec)
        if error:
            raise Fatal(f"policy service syntax error: {inside}")
        words = list_words(inside)
        if not words:
            raise Fatal(f'empty policy service: "{spec}"')
        address, settings = words[0], dict(_setting(word) for word in words[1:])
    times = {name: _time(params, settings, name) for name in _TIMES}
    numbers = {name: _number(params, settings, name) for name in _NUMBERS}
    return PolicyServer(
        address=address,
        timeout=times["timeout"],
        retry_delay=times["retry_delay"],
        try_limit=numbers["try_limit"],
        default_action=settings.get("default_action", params[_PREFIX + "default_action"]),
        context=settings.get("policy_context", params[_PREFIX + "policy_context"]),
        request_limit=numbers["request_limit"],
    )


def _setting(word: str) -> tuple[str, str]:
    text = unbrace(word, strip=True)[0] if word.startswith("{") else word
    name, equals, value = text.partition("=")
    if not equals:
        raise Fatal(f"malformed option: missing '=' after attribute name: \"...{text}...\"")
    name, value = name.strip(), value.strip()
    if name not in (*_TIMES, *_NUMBERS, *_TEXTS):
        raise Fatal(f'unknown option: "{name} = {value}"')
    return name, value


def _time(params: Parameters, settings: dict[str, str], name: str) -> int:
    return to_seconds(name, settings[name], "s", 1) if name in settings else params.time(_PREFIX + name)


def _number(params: Parameters, settings: dict[str, str], name: str) -> int:
    return to_int(name, settings[name]) if name in settings else params.int(_PREFIX + name)


async def check_policy_service(check: SmtpdCheck, name: str, arguments: Arguments, about: Subject) -> Verdict:
    """Ask, and do what the answer says, as if it stood in an access table."""
    spec = arguments.peek()
    if spec is None or ":" not in spec:
        check.warn("restriction check_policy_service must be followed by transport:server")
        raise check.server_error()
    arguments.take()
    smtpd = check.smtpd
    server = smtpd.lists.policy_servers.get(spec) or policy_server(smtpd.params, spec)
    entry = Entry(spec, "policy query", about)
    connect = functools.partial(open_endpoint, smtpd.host, cred=smtpd.cred, directory=smtpd.queue_directory, root=smtpd.root, timeout=server.timeout)
    try:
        action = await ask_policy(server, request(check, server), connect, check.warn)
    except PolicyTrouble:
        check.policy_nesting += 1
        try:
            default = server.default_action if check.policy_nesting == 1 else _DEFAULT_ACTION
            return await obey(check, default, entry)
        finally:
            check.policy_nesting -= 1
    return await obey(check, action, entry)


def request(check: SmtpdCheck, server: PolicyServer) -> dict[str, str]:
    """The attributes of a request, in their order."""
    state, peer, mail, tls = check.state, check.state.peer, check.state.mail, check.tls
    trusted = tls is not None and tls.trusted
    return {
        "request": "smtpd_access_policy",
        "protocol_state": "DATA" if state.where == "BDAT" else state.where,
        "protocol_name": state.protocol,
        "client_address": peer.address,
        "client_name": peer.name,
        "client_port": peer.port,
        "reverse_client_name": peer.reverse_name,
        "server_address": peer.server_address,
        "server_port": peer.server_port,
        "helo_name": state.helo_name or "",
        "sender": mail.sender or "",
        "recipient": state.recipient or "",
        "recipient_count": str(state.recipients if state.where in _CONTENT else 0),
        "queue_id": state.queue_id or "",
        "instance": mail.instance,
        "size": str(mail.size or mail.declared_size),
        "etrn_domain": state.etrn_name or "",
        "stress": check.smtpd.params["stress"],
        "sasl_method": state.sasl_method or "",
        "sasl_username": state.sasl_username or "",
        "sasl_sender": mail.sasl_sender or "",
        "ccert_subject": tls.peer_name if tls is not None and trusted else "",
        "ccert_issuer": tls.issuer_name if tls is not None and trusted else "",
        "ccert_fingerprint": tls.certificate_fingerprint if tls is not None else "",
        "ccert_pubkey_fingerprint": tls.key_fingerprint if tls is not None else "",
        "encryption_protocol": tls.protocol if tls is not None else "",
        "encryption_cipher": tls.cipher if tls is not None else "",
        "encryption_keysize": str(tls.bits if tls is not None else 0),
        "policy_context": server.context,
    }
