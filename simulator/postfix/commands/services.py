"""Daemons as a command reaches them through their sockets: mail_connect(3), mail_trigger(3)."""

from __future__ import annotations

import os
from errno import ECONNREFUSED
from typing import TYPE_CHECKING, Final

from simulator.postfix.delivery_agent import DeliveryAgent
from simulator.postfix.lib.service_client import ServiceUnavailable

if TYPE_CHECKING:
    from simulator.postfix.commands.command import Command
    from simulator.postfix.daemon import Daemon
    from simulator.postfix.master import Master
    from simulator.postfix.master_service import Service
    from simulator.unix.fs import Cred

#: A throttled service is tried again this often, and given up when postconf(5) ipc_timeout is over.
RETRY_SECONDS = 10.0
#: After a request a command waits until the daemon has taken it: event_drain(3). By then the daemon is at work.
DRAIN_SECONDS = 0.004


def master_of(command: Command) -> Master | None:
    """The mail system of the host; None if nobody ever started it."""
    found: Master | None = command.process.host.daemons.get("postfix")
    return found


def connect(command: Command, path: str) -> Daemon:
    """A process of the service whose socket is `public/NAME`. Raises OSError; TimeoutError if it just does not answer."""
    command.process.fs.stat(f"{command.params['queue_directory']}/{path}", command.process.cred)
    master = master_of(command)
    until = command.process.clock.now + command.params.time("ipc_timeout")
    while master is not None and command.process.clock.now < until:
        try:
            return master.process(path)
        except ServiceUnavailable as trouble:
            if trouble.reason:
                break
            command.process.sleep(RETRY_SECONDS)
    else:
        if master is not None:
            raise TimeoutError
    raise ConnectionRefusedError(ECONNREFUSED, os.strerror(ECONNREFUSED))


#: What daemons that expect attributes make of a request for another kind of daemon.
_BAFFLED: Final = {
    "trivial-rewrite": ("unexpected attribute {request} from {name} socket (expecting: request)",),
    "verify": ("unexpected attribute {request} from {name} socket (expecting: request)",),
    "proxymap": ("unexpected attribute {request} from {name} socket (expecting: request)",),
    "scache": ("unexpected attribute {request} from {name} socket (expecting: request)",),
    "anvil": ("premature end-of-input on {name} socket while reading input attribute name",),
    "bounce": ("unexpected attribute {request} from {name} socket (expecting: nrequest)", "malformed request"),
    "cleanup": ("unexpected attribute {request} from {name} socket (expecting: flags)",),
    DeliveryAgent: (
        "unexpected attribute {request} from {name} socket (expecting: flags)",
        "deliver_request_get: error receiving common attributes",
    ),
}


def wake(command: Command, directory: str, service: str, request: str, cred: Cred | None = None) -> bool:
    """Send a request to `public/NAME` or `private/NAME`. False, with or without a warning, when nobody is there."""
    path = f"{directory}/{service}"
    try:
        entry = command.process.fs.stat(f"{command.params['queue_directory']}/{path}", cred or command.process.cred)
    except OSError as error:
        command.msg.warning(f"unable to look up {path}: {error.strerror}")
        return False
    if entry.kind not in "sp":
        command.msg.warning(f"{path} is not a socket or a fifo")
        return False
    master = master_of(command)
    if master is None:
        return False
    try:
        found = master.service(path)
    except ServiceUnavailable:
        return False
    if found.program in _BAFFLED or directory != "public":
        master.clock.call_soon(_baffle, found, request)
    else:
        master.trigger(service, request)
    return True


def _baffle(service: Service, request: str) -> None:
    """A daemon gets what it does not understand."""
    try:
        process = service.process()
    except ServiceUnavailable:
        return
    key = DeliveryAgent if isinstance(process, DeliveryAgent) else service.program
    for text in _BAFFLED.get(key, ()):
        process.log.warning(text.format(request=request, name=service.entry.name))
