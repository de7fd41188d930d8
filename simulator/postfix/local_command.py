"""Delivery of local(8) to a program: `|command` in an alias or .forward file, and mailbox_command.

The program knows the mail from its environment: USER, HOME, SHELL, SENDER, RECIPIENT, LOCAL, DOMAIN, EXTENSION,
ORIGINAL_RECIPIENT, CLIENT_..., SASL_.... What postconf(5) command_expansion_filter does not allow in them becomes "_".
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simulator.postfix.lib.delivery import Sent
from simulator.postfix.lib.mail_copy import Copy, mail_copy
from simulator.postfix.lib.pipe_command import Command, pipe_command
from simulator.postfix.lib.reason import Reason
from simulator.postfix.local_expand import filtered, local_expand
from simulator.postfix.local_file import with_default_rights
from simulator.postfix.local_owner import fail_to_owner

if TYPE_CHECKING:
    from simulator.postfix.local_state import LocalDelivery, State


async def deliver_command(job: LocalDelivery, state: State, command: str) -> bool:
    """Run a command with the message as its input."""
    state = state.down()
    if job.seen(f"command {state.user}:{state.rights.uid} {command}"):
        return True
    if job.request.trace_only:
        return job.report(state, Sent("2.0.0", f"delivers to command: {command}", job.relay))
    state = replace(state, rights=with_default_rights(job, state.rights))
    settings = job.settings
    directory, _ = local_expand(job, state, settings.execution_directory, settings.directory_filter)
    if directory.error:
        job.agent.log.warning(f"bad parameter value syntax for command_execution_directory: {settings.execution_directory}")
        return await fail_to_owner(job, state, Reason("4.3.5", "mail system configuration error"))
    options = job.copy_options(Copy.FROM | Copy.RETURN_PATH | Copy.ORIG_RCPT | Copy.DELIVERED, "command")
    outcome = pipe_command(
        job.agent,
        Command(
            state.rights.uid,
            state.rights.gid,
            settings.time_limit,
            line=command,
            shell=settings.shell,
            directory=directory.text,
            env=_environment(job, state),
        ),
        mail_copy(job.message, job.envelope(state), options),
    )
    if outcome.failure is not None:
        return await fail_to_owner(job, state, outcome.failure)
    return job.report(state, Sent("2.0.0", f"delivered to command: {command}", job.relay))


def _environment(job: LocalDelivery, state: State) -> dict[str, str]:
    """The variables, in the order in which local(8) sets them."""
    request, rights = job.request, state.rights
    known = {
        "HOME": rights.home,
        "LOGNAME": state.user,
        "USER": state.user,
        "SENDER": state.sender,
        "RECIPIENT": state.recipient.address,
        "LOCAL": state.local,
        "SHELL": rights.shell,
        "DOMAIN": state.domain,
        "EXTENSION": state.extension,
    }
    optional = {
        "ORIGINAL_RECIPIENT": state.recipient.orig_address,
        "CLIENT_HOSTNAME": request.client_name,
        "CLIENT_ADDRESS": request.client_address,
        "CLIENT_HELO": request.helo_name,
        "CLIENT_PROTOCOL": request.protocol_name,
        "SASL_METHOD": request.sasl_method,
        "SASL_SENDER": request.sasl_sender,
        "SASL_USERNAME": request.sasl_username,
    }
    values = {name: value for name, value in known.items() if value is not None} | {name: value for name, value in optional.items() if value}
    return {name: filtered(value, job.settings.command_filter) for name, value in values.items()}
