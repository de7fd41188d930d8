"""smtp(8) and the connections that scache(8) keeps: which may be used for a request, and which are given back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.postfix.daemon import ServiceUnavailable
from simulator.postfix.lib.delivery import CONN_LOAD, CONN_STORE
from simulator.postfix.smtp_attempt import Attempt
from simulator.postfix.smtp_session import Server, SmtpSession
from simulator.postfix.smtp_transfer import probe, transfer

if TYPE_CHECKING:
    from simulator.postfix.scache import Scache
    from simulator.postfix.smtp import Smtp
    from simulator.postfix.smtp_connect import Connector, Destination


def policy(daemon: Smtp, attempt: Attempt, name: str, text: str) -> None:
    """Are kept connections used for this request? postconf(5) smtp_connection_cache_destinations, ..._on_demand."""
    always = daemon.cached_destination(name)
    on_demand = daemon.settings.bool("connection_cache_on_demand")
    flags = attempt.request.flags
    attempt.load_cached = always or bool(on_demand and flags & CONN_LOAD)
    attempt.store_cached = always or bool(on_demand and flags & CONN_STORE)
    if attempt.load_cached or attempt.store_cached:
        attempt.cache_destination = text


def _service(daemon: Smtp) -> Scache | None:
    try:
        return daemon.call(daemon.params["connection_cache_service_name"])  # type: ignore[no-any-return]
    except ServiceUnavailable:
        return None


def _endpoint(daemon: Smtp, address: str, port: int) -> str:
    return f"{daemon.service_name}|{address}|{port}"


def save(daemon: Smtp, attempt: Attempt, session: SmtpSession) -> None:
    """Give a good connection to scache(8)."""
    service = _service(daemon)
    if service is None:
        session.stream.close()
        return
    destination = f"{daemon.service_name}|{attempt.cache_destination}" if attempt.cache_destination else ""
    limit = daemon.settings.time("connection_cache_time_limit")
    service.save(destination, _endpoint(daemon, session.server.address, session.port), session, limit)


async def reuse(connector: Connector, destination: Destination, servers: list[Server], best: int) -> tuple[list[Server], int]:
    """Deliver over kept connections: for the destination, then for each of its best servers. What remains to be tried, and
    how many sessions there were."""
    daemon, attempt = connector.daemon, connector.attempt
    servers = [server for server in servers if server.address not in attempt.used_addresses]
    service, count = _service(daemon), 0
    if service is None:
        return servers, 0
    kept = service.by_destination(f"{daemon.service_name}|{destination.text}")
    if kept is not None and await _again(connector, kept):
        count, servers = count + 1, [server for server in servers if server.address != kept.server.address]
    for server in [one for one in servers if one.preference == best]:
        kept = service.by_endpoint(_endpoint(daemon, server.address, destination.port)) if attempt.left else None
        if kept is not None and await _again(connector, kept):
            count, servers = count + 1, [one for one in servers if one is not server]
    return servers, count


async def _again(connector: Connector, session: SmtpSession) -> bool:
    """One more transaction on a kept connection, if it is still good."""
    daemon, attempt = connector.daemon, connector.attempt
    attempt.session = session
    session.from_cache = True
    session.reuse_count += 1
    if not await probe(daemon, session):
        session.stream.close()
        attempt.session = None
        return False
    attempt.used_addresses.add(session.server.address)
    await transfer(daemon, attempt)
    await connector.clean_up()
    return True
