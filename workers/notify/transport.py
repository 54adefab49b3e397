"""One HTTP request to a checked address: no redirect followed, nothing kept, 4 KiB of the answer read."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from workers.notify.addresses import AddressRefused, CheckedResolver, Lookup, literal_refusal
from workers.notify.targets import HttpReceiver, Tls
from workers.notify.verdicts import Attempt, of_status, retry_after

MAX_RESPONSE_BYTES = 4096
_USER_AGENT = "tocsin (news alerts; Standard Webhooks)"


def tls_context(tls: Tls) -> ssl.SSLContext:
    """The system's authorities and those of `tls`, with its certificate to show. Raises OSError (also SSLError)."""
    context = ssl.create_default_context()
    if tls.ca is not None:
        context.load_verify_locations(cafile=str(tls.ca))
    if tls.cert is not None:
        # An encrypted key would ask for its password on a terminal that nobody watches.
        context.load_cert_chain(str(tls.cert), str(tls.key) if tls.key else None, password=lambda: b"")
    return context


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered: `body` is the beginning of it, `attempt` what the status means."""

    attempt: Attempt
    body: bytes = b""


class Transport:
    """Connections to one receiver. Must be made with a running event loop."""

    def __init__(self, receiver: HttpReceiver, *, lookup: Lookup) -> None:
        self._receiver = receiver
        resolver = CheckedResolver(allow_private=receiver.allow_private, lookup=lookup)
        # A fresh connection for each attempt: alerts are rare, and a kept one may have died unseen.
        tls = True if receiver.tls == Tls() else tls_context(receiver.tls)  # True: aiohttp's own, made once
        connector = aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False, force_close=True, ssl=tls)
        self._session = aiohttp.ClientSession(
            connector=connector,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=receiver.timeout),
            headers={"user-agent": _USER_AGENT, "accept-encoding": "identity"},
        )

    async def post(
        self, address: str, body: bytes, headers: Mapping[str, str], attempted_at: datetime, *, listen: bool = False
    ) -> Answer:
        """One POST. Raises nothing but cancellation. What comes with a 2xx is read only if `listen`."""
        host = urlsplit(address).hostname or ""
        if not self._receiver.allow_private and (why := literal_refusal(host)):
            # aiohttp does not ask a resolver about a number, so it is checked here.
            return Answer(Attempt("permanent", f"address refused: {why}"))
        try:
            url = URL(address, encoded=address.isascii())  # as written: a signature in it must not be quoted anew
            return await self._post(url, (body, headers), attempted_at, listen=listen)
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            return Answer(problem(error, self._receiver.timeout))

    async def close(self) -> None:
        """Close connections."""
        await self._session.close()

    async def _post(
        self, url: URL, request: tuple[bytes, Mapping[str, str]], attempted_at: datetime, *, listen: bool
    ) -> Answer:
        body, headers = request
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
            verdict = of_status(answer.status)
            if verdict == "delivered" and not listen:
                return Answer(Attempt(verdict, status_code=answer.status))
            said = await _beginning(answer)
            if verdict == "delivered":
                return Answer(Attempt(verdict, status_code=answer.status), said)
            reason = f"answered {answer.status} {answer.reason or ''}".strip()
            if 300 <= answer.status < 400:
                reason += "; redirects are not followed: put the final address into receivers.yaml"
            elif text := said.decode("utf-8", "replace").strip():
                reason += f": {text}"
            asked = retry_after(answer.headers.get("Retry-After"), attempted_at)
            return Answer(Attempt(verdict, reason, status_code=answer.status, retry_after=asked), said)


def problem(error: Exception, timeout: float) -> Attempt:
    """Trouble on the way may pass, so it is tried again; only an address that is no URL never mends."""
    match error:
        case TimeoutError():
            return Attempt("retry", f"no answer within {timeout:g} s")
        case aiohttp.InvalidURL():
            return Attempt("permanent", "the address is not a URL that can be asked")
        case aiohttp.ClientConnectorCertificateError():
            reason = f"the certificate of {error.host}:{error.port} is not accepted: {error.certificate_error}"
        case aiohttp.ClientConnectorError() if isinstance(error.os_error, AddressRefused):
            reason = f"address refused: {error.os_error}"
        case aiohttp.ClientConnectorError():
            why = error.os_error.strerror or type(error.os_error).__name__
            reason = f"cannot connect to {error.host}:{error.port}: {why}"
        case _:
            reason = f"the connection failed: {type(error).__name__}: {error}"
    return Attempt("retry", reason)


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """The first 4 KiB of the body, as far as it comes; the status has already told what matters."""
    body = b""
    try:
        while len(body) < MAX_RESPONSE_BYTES and (piece := await answer.content.read(MAX_RESPONSE_BYTES - len(body))):
            body += piece
    except (TimeoutError, aiohttp.ClientError, OSError):
        return b""
    return body
