"""Which network addresses a receiver may have: `workers.addresses` and `workers.resolver`, in a receiver's words."""

from __future__ import annotations

from workers import addresses, resolver
from workers.resolver import AddressRefused, Lookup, system_lookup

__all__ = ["HOW_TO_ALLOW", "AddressRefused", "CheckedResolver", "Lookup", "literal_refusal", "refusal", "system_lookup"]

HOW_TO_ALLOW = "`allow_private: true` in the receiver allows it"


def refusal(address: str) -> str | None:
    """Why the IP `address` is refused; None if it is a public one."""
    why = addresses.refusal(address)
    return f"{why}; {HOW_TO_ALLOW}" if why else None


def literal_refusal(host: str) -> str | None:
    """Why `host`, if it is written as a number, is refused. None for a name: that is checked when it is looked up."""
    why = addresses.literal_refusal(host)
    return f"{why}; {HOW_TO_ALLOW}" if why and "spelling" not in why else why


class CheckedResolver(resolver.CheckedResolver):
    """Resolves for aiohttp. Raises AddressRefused if any answer is not public, unless private ones are allowed."""

    def __init__(self, *, allow_private: bool, lookup: Lookup = system_lookup) -> None:
        permitted = addresses.ALL_PRIVATE_HOSTS if allow_private else addresses.NO_PRIVATE_HOSTS
        super().__init__(permitted, how_to_allow=HOW_TO_ALLOW, lookup=lookup)
