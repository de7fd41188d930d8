"""What smtpd(8) reads from main.cf once, at its start, as values. Lists and tables are in smtpd_lists.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulator.postfix.lib.msg import Fatal
from simulator.postfix.lib.name_mask import required_names
from simulator.postfix.lib.parameters import Parameters

#: postconf(5) notify_classes.
NOTIFY_CLASSES = ("bounce", "2bounce", "data", "delay", "policy", "protocol", "resource", "software")
#: postconf(5) smtputf8_autodetect_classes, as far as smtpd(8) is concerned.
_UTF8_CLASSES = ("sendmail", "smtpd", "qmqpd", "forward", "bounce", "notify", "verify", "all")
_TEMPFAIL = {"defer": False, "defer_if_permit": True}
_TEMPFAIL_PARAMETERS = (
    "unknown_helo_hostname_tempfail_action",
    "unknown_address_tempfail_action",
    "unverified_recipient_tempfail_action",
    "unverified_sender_tempfail_action",
)
#: postconf(5) smtpd_forbid_bare_newline: (must a message end with CR LF . CR LF, is a bare LF refused).
_BARE_NEWLINE = {"no": (False, False), "yes": (True, False), "normalize": (True, False), "reject": (True, True)}


@dataclass(frozen=True, slots=True)
class SmtpdSettings:
    """Numbers, times in seconds, yes and no. Names are those of the parameters without `smtpd_`, or plainer."""

    myhostname: str
    banner: str
    address_form: str
    expansion_filter: str
    notify_classes: frozenset[str]
    line_limit: int
    soft_error_limit: int
    hard_error_limit: int
    junk_command_limit: int
    error_sleep_time: int
    history_threshold: int
    message_size_limit: int
    queue_minfree: int
    recipient_limit: int
    recipient_overshoot_limit: int
    soft_bounce: bool
    logs_port: bool
    delay_reject: bool
    delay_open: bool
    helo_required: bool
    strict_envelopes: bool
    disable_vrfy: bool
    relay_before_recipient: bool
    reject_unlisted_sender: bool
    reject_unlisted_recipient: bool
    no_unknown_recipient_checks: bool
    allow_untrusted_routing: bool
    forbid_unauth_pipelining: bool
    wants_standard_end: bool
    refuses_bare_lf: bool
    bare_lf_code: int
    smtputf8_enable: bool
    strict_smtputf8: bool
    autodetects_utf8: bool
    peername_lookup: bool
    tempfail: dict[str, bool]

    def __deepcopy__(self, memo: Any) -> SmtpdSettings:
        return self

    @classmethod
    def read(cls, params: Parameters) -> SmtpdSettings:
        """Raises Fatal for a word that a parameter does not know."""
        bare = params["smtpd_forbid_bare_newline"]
        if bare.lower() not in _BARE_NEWLINE:
            raise Fatal(f"bad parameter value: 'smtpd_forbid_bare_newline = {bare}'")
        standard_end, refuses = _BARE_NEWLINE[bare.lower()]
        utf8 = required_names("smtputf8_autodetect_classes", _UTF8_CLASSES, params["smtputf8_autodetect_classes"])
        return cls(
            myhostname=params["myhostname"],
            banner=params["smtpd_banner"],
            address_form=params["info_log_address_format"],
            expansion_filter=params["smtpd_expansion_filter"],
            notify_classes=required_names("notify_classes", NOTIFY_CLASSES, params["notify_classes"]),
            line_limit=params.int("line_length_limit"),
            soft_error_limit=params.int("smtpd_soft_error_limit"),
            hard_error_limit=params.int("smtpd_hard_error_limit"),
            junk_command_limit=params.int("smtpd_junk_command_limit"),
            error_sleep_time=params.time("smtpd_error_sleep_time"),
            history_threshold=params.int("smtpd_history_flush_threshold"),
            message_size_limit=params.int("message_size_limit"),
            queue_minfree=params.int("queue_minfree"),
            recipient_limit=params.int("smtpd_recipient_limit"),
            recipient_overshoot_limit=params.int("smtpd_recipient_overshoot_limit"),
            soft_bounce=params.bool("soft_bounce"),
            logs_port=params.bool("smtpd_client_port_logging"),
            delay_reject=params.bool("smtpd_delay_reject"),
            delay_open=params.bool("smtpd_delay_open_until_valid_rcpt"),
            helo_required=params.bool("smtpd_helo_required"),
            strict_envelopes=params.bool("strict_rfc821_envelopes"),
            disable_vrfy=params.bool("disable_vrfy_command"),
            relay_before_recipient=params.bool("smtpd_relay_before_recipient_restrictions"),
            reject_unlisted_sender=params.bool("smtpd_reject_unlisted_sender"),
            reject_unlisted_recipient=params.bool("smtpd_reject_unlisted_recipient"),
            no_unknown_recipient_checks="no_unknown_recipient_checks" in params["receive_override_options"].replace(",", " ").split(),
            allow_untrusted_routing=params.bool("allow_untrusted_routing"),
            forbid_unauth_pipelining=params.bool("smtpd_forbid_unauth_pipelining"),
            wants_standard_end=standard_end,
            refuses_bare_lf=refuses,
            bare_lf_code=params.int("smtpd_forbid_bare_newline_reject_code"),
            smtputf8_enable=params.bool("smtputf8_enable"),
            strict_smtputf8=params.bool("strict_smtputf8"),
            autodetects_utf8=bool(utf8 & {"smtpd", "all"}) and params.bool("smtputf8_enable"),
            peername_lookup=params.bool("smtpd_peername_lookup"),
            tempfail=_tempfail(params),
        )


def _tempfail(params: Parameters) -> dict[str, bool]:
    """Is trouble with the DNS only a doubt, or a refusal at once?"""
    found = {}
    for name in _TEMPFAIL_PARAMETERS:
        action = _TEMPFAIL.get(params[name].lower())
        if action is None:
            raise Fatal(f"bad configuration: {name} = {params[name]}")
        found[name] = action
    return found
