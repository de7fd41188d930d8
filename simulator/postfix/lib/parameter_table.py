"""What is built into Postfix 3.7.11: every parameter with type, bounds and default, and which program reads which.

The data lie in simulator/postfix/data/parameters.txt and program-parameters.txt; postconf(5) tells what each one means.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from importlib import resources

from simulator.postfix.lib.compatibility_level import LEVEL_1, LEVEL_2, LEVEL_3_6

CONFIG_DIRECTORY = "/etc/postfix"
MAIL_VERSION = "3.7.11"

#: Names of parameters that were replaced; a new default still looks at them: postconf(5), "backwards compatibility".
LEGACY = (
    "virtual_maps",
    "fallback_relay",
    "authorized_verp_clients",
    "smtpd_client_connection_limit_exceptions",
    "postscreen_dnsbl_ttl",
    "postscreen_blacklist_action",
    "postscreen_dnsbl_whitelist_threshold",
    "postscreen_whitelist_interfaces",
    "lmtp_per_record_deadline",
    "smtp_per_record_deadline",
    "smtpd_per_record_deadline",
    "tlsproxy_client_level",
    "tlsproxy_client_policy",
)

#: Set by each program itself; an assignment in main.cf or master.cf is ignored.
READ_ONLY = ("process_name", "service_name", "process_id")

#: `TRANSPORT_suffix` and the parameter whose value it has by default: postconf(5) "transport_...".
TRANSPORT_SUFFIXES = {
    "_recipient_limit": "default_recipient_limit",
    "_extra_recipient_limit": "default_extra_recipient_limit",
    "_recipient_refill_limit": "default_recipient_refill_limit",
    "_recipient_refill_delay": "default_recipient_refill_delay",
    "_delivery_slot_cost": "default_delivery_slot_cost",
    "_delivery_slot_loan": "default_delivery_slot_loan",
    "_delivery_slot_discount": "default_delivery_slot_discount",
    "_minimum_delivery_slots": "default_minimum_delivery_slots",
    "_initial_destination_concurrency": "initial_destination_concurrency",
    "_destination_concurrency_limit": "default_destination_concurrency_limit",
    "_destination_recipient_limit": "default_destination_recipient_limit",
    "_destination_concurrency_positive_feedback": "default_destination_concurrency_positive_feedback",
    "_destination_concurrency_negative_feedback": "default_destination_concurrency_negative_feedback",
    "_destination_concurrency_failed_cohort_limit": "default_destination_concurrency_failed_cohort_limit",
    "_destination_rate_delay": "default_destination_rate_delay",
    "_transport_rate_delay": "default_transport_rate_delay",
}
TIME_LIMIT = {"_time_limit": "command_time_limit"}
#: What a service has by the program that it runs.
SERVICE_SUFFIXES: dict[str, dict[str, str]] = {
    **dict.fromkeys(("local", "error", "virtual", "smtp", "lmtp"), TRANSPORT_SUFFIXES),
    "pipe": TIME_LIMIT | TRANSPORT_SUFFIXES,
    "spawn": TIME_LIMIT,
}

#: Parameters whose default became another at a compatibility level; below it, use of the old default is logged.
CHANGED_DEFAULTS = {
    "append_dot_mydomain": LEVEL_1,
    "smtputf8_enable": LEVEL_1,
    "smtpd_relay_restrictions": LEVEL_1,
    "relay_domains": LEVEL_2,
    "fast_flush_domains": LEVEL_2,
    "mynetworks_style": LEVEL_2,
    "smtpd_tls_fingerprint_digest": LEVEL_3_6,
    "smtp_tls_fingerprint_digest": LEVEL_3_6,
    "lmtp_tls_fingerprint_digest": LEVEL_3_6,
    "smtpd_relay_before_recipient_restrictions": LEVEL_3_6,
    "respectful_logging": LEVEL_3_6,
}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A built-in parameter. `kind` is str, raw (never expanded), bool, nbool, int, nint, long, time or function; 0 is no bound."""

    name: str
    kind: str
    minimum: int
    maximum: int
    default: str


def _data(name: str) -> list[str]:
    text = resources.files("simulator.postfix").joinpath("data", name).read_text("utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


@functools.cache
def builtin() -> dict[str, Parameter]:
    """All built-in parameters by name."""
    table = {}
    for line in _data("parameters.txt"):
        name, kind, minimum, maximum, default = line.split("\t")
        table[name] = Parameter(name, kind, int(minimum), int(maximum), default)
    return table


@functools.cache
def read_by_programs() -> dict[str, tuple[Parameter, ...]]:
    """What each program reads, in that order. "common" is what every program reads first, "tls" what users of TLS read."""
    names: dict[str, list[str]] = {}
    current: list[str] = []
    for line in _data("program-parameters.txt"):
        if line.startswith("["):
            current = names.setdefault(line.strip("[]"), [])
        else:
            current += line.split()
    table = builtin()
    return {program: tuple(table[name] for name in parameters) for program, parameters in names.items()}
