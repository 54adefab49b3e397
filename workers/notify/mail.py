"""One mail by SMTP, to a checked address, in a thread of its own (the standard library's client blocks)."""

from __future__ import annotations

import asyncio
import smtplib
import socket
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage

from workers.notify.addresses import AddressRefused, CheckedResolver, Lookup, literal_refusal, system_lookup
from workers.notify.message import Message
from workers.notify.receivers import email
from workers.notify.targets import EmailReceiver
from workers.notify.transport import tls_context
from workers.notify.verdicts import Attempt, Verdict
from workers.threads import in_daemon_thread


class MailChannel:
    """A `sending.Channel`."""

    def __init__(self, receiver: EmailReceiver, *, lookup: Lookup = system_lookup) -> None:
        self._receiver = receiver
        self._resolver = CheckedResolver(allow_private=receiver.allow_private, lookup=lookup)

    async def send(self, message: Message, attempted_at: datetime) -> Attempt:
        """One connection, one mail."""
        receiver = self._receiver
        mail = mail_for(receiver, message, attempted_at)
        if not receiver.allow_private and (why := literal_refusal(receiver.host)):
            return Attempt("permanent", f"address refused: {why}")
        try:
            async with asyncio.timeout(receiver.timeout):
                found = await self._resolver.resolve(receiver.host, receiver.port)
                call = _delivery(receiver, found[0]["host"], mail)
                refused = await in_daemon_thread(call, name=f"mail-{receiver.name}")
        except TimeoutError:
            return Attempt("retry", f"no answer within {receiver.timeout:g} s")
        except (smtplib.SMTPException, OSError) as error:
            return problem(error, receiver)
        reason = f"refused for {', '.join(sorted(refused))}" if refused else None
        return Attempt("delivered", reason, memo=message.memo or str(mail["Message-ID"]))

    async def close(self) -> None:
        """Nothing is held."""
        await self._resolver.close()


def mail_for(receiver: EmailReceiver, message: Message, sent_at: datetime) -> EmailMessage:
    """The mail; the one place that `preview` and real sending share."""
    moment, sender, to = sent_at.astimezone(UTC), receiver.sender, receiver.to
    if message.group is not None:
        return email.render_group(message.group, sender=sender, to=to, sent_at=moment, test=message.test)
    return email.render(message.alert, sender=sender, to=to, sent_at=moment, thread=message.memo, test=message.test)


def problem(error: Exception, receiver: EmailReceiver) -> Attempt:
    """What a failure means: 4xx passes, 5xx does not (RFC 5321, 4.2.1); trouble on the way may pass."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code = min((code for code, _ in error.recipients.values()), default=550)
            said = "; ".join(f"{who}: {code} {_text(why)}" for who, (code, why) in sorted(error.recipients.items()))
            return Attempt(_of_code(code), f"no recipient was taken: {said}", code)
        case smtplib.SMTPResponseException():
            said = f"answered {error.smtp_code} {_text(error.smtp_error)}"
            return Attempt(_of_code(error.smtp_code), said, error.smtp_code)
        case smtplib.SMTPNotSupportedError():
            return Attempt("permanent", f"the server cannot do what is asked: {error}")
        case AddressRefused():
            reason = f"address refused: {error}"
        case ssl.SSLCertVerificationError():
            reason = f"the certificate of {receiver.host} is not accepted: {error.verify_message}"
        case smtplib.SMTPException():
            reason = f"the connection failed: {type(error).__name__}: {error}"
        case _:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            reason = f"cannot connect to {receiver.host}:{receiver.port}: {why}"
    return Attempt("retry", reason)


def _of_code(code: int) -> Verdict:
    return "permanent" if 500 <= code < 600 else "retry"


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else said


def _delivery(receiver: EmailReceiver, address: str, mail: EmailMessage) -> Callable[[], dict[str, object]]:
    """The call that delivers `mail`; it returns the recipients that were refused."""

    def deliver() -> dict[str, object]:
        context = None if receiver.security == "none" else tls_context(receiver.tls)
        with _Smtp(receiver, address, context) as server:
            if receiver.security == "starttls":
                server.starttls(context=context)
            if receiver.username is not None and receiver.password is not None:
                server.login(receiver.username, receiver.password.get_secret_value())
            return dict(server.send_message(mail))

    return deliver


class _Smtp(smtplib.SMTP):
    """Connects to the address that was checked, and expects the certificate of the name that was asked for."""

    def __init__(self, receiver: EmailReceiver, address: str, context: ssl.SSLContext | None) -> None:
        self._address = address
        self._context = context if receiver.security == "tls" else None
        super().__init__(receiver.host, receiver.port, timeout=receiver.timeout)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        # smtplib's own seam: SMTP_SSL overrides it, too.
        plain = socket.create_connection((self._address, port), timeout)
        return self._context.wrap_socket(plain, server_hostname=host) if self._context else plain
