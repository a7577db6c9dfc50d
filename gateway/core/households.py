"""Whose an address is, as far as it can be told: what limits by address count together."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address


def household(address: str) -> str:
    """An IPv4 address itself; of IPv6 the /64 that one household has. What is no address is its own."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed) >> 64 << 64, 64)))
