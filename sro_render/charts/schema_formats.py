"""What the word behind `format` in a schema of values asks of a text.

One function for each format, from text to whether it fits. Whether formats count at all depends on the
schema's draft, which `schema_document.py` knows.
Source: github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 format.go, the library inside Helm 4.3.1, with
what it takes from Go's net/url, net/netip and time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sro_render.charts.schema_patterns import PatternError, to_rust

_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"[A-Za-z][-+.A-Za-z0-9]*:")
_HOST = re.compile(r"(?:[-A-Za-z0-9._~!$&'()*+,;=:\[\]<>\"]|[^\x00-\x7f]|%[89A-Fa-f][0-9A-Fa-f])*")
_USER = re.compile(r"[-A-Za-z0-9._:~!$&'()*+,;=%@]*")
_NUMBER = r"(?:0|[1-9][0-9]*)"
_SEMVER = re.compile(
    rf"{_NUMBER}\.{_NUMBER}\.{_NUMBER}"
    rf"(?:-(?:{_NUMBER}|[0-9]*[-A-Za-z][-A-Za-z0-9]*)(?:\.(?:{_NUMBER}|[0-9]*[-A-Za-z][-A-Za-z0-9]*))*)?"
    r"(?:\+[-A-Za-z0-9]+(?:\.[-A-Za-z0-9]+)*)?"
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_POINTER = re.compile(r"(?:/(?:[^/~]|~[01])*)*", re.DOTALL)
_RELATIVE_POINTER = re.compile(rf"{_NUMBER}(?:#|{_POINTER.pattern})", re.DOTALL)
_DURATION = re.compile(
    r"P(?:[0-9]+W|(?=[0-9T])(?:[0-9]+Y)?(?:[0-9]+M)?(?:[0-9]+D)?"
    r"(?:T(?=[0-9])(?:[0-9]+H)?(?:[0-9]+M)?(?:[0-9]+S)?)?)"
)
_IPV4 = re.compile(r"(?:(?:0|[1-9][0-9]{0,2}|\+[0-9]+|-0+)(?:\.(?!$)|$)){4}")
_LABEL = re.compile(r"(?!-)[-A-Za-z0-9]{1,63}(?<!-)")
_LOCAL_PART = re.compile(r"[-A-Za-z0-9.!#$%&'*+/=?^_`{|}~]*")
_TIME = re.compile(
    r"(?P<h>[0-9+]?[0-9]):(?P<m>[0-9+]?[0-9]):(?P<s>[0-9+]?[0-9])(?:\.[0-9]+)?"
    r"(?:[zZ]|(?P<sign>[-+])(?P<zh>[0-9+][0-9]):(?P<zm>[0-9+][0-9]))"
)
_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def is_regex(text: str) -> bool:
    """A pattern that Go's regexp takes."""
    try:
        to_rust(text)
    except PatternError:
        return False
    return True


def is_date(text: str) -> bool:
    """A day: `2024-02-29`."""
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    year, month, day = map(int, match.groups())
    if not 1 <= month <= 12:
        return False
    is_leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= _DAYS[month - 1] + is_leap


def is_time(text: str) -> bool:
    """A time of day with its zone: `23:59:60Z`; a leap second only where it is 23:59 in UTC."""
    match = _TIME.fullmatch(text)
    if match is None or len(text) < 9 or text[2] != ":" or text[5] != ":":
        return False
    hour, minute, second = int(match["h"]), int(match["m"]), int(match["s"])
    if hour > 23 or minute > 59 or second > 60:
        return False
    if match["sign"]:
        zone_hour, zone_minute = int(match["zh"]), int(match["zm"])
        if zone_hour > 23 or zone_minute > 59:
            return False
        offset = zone_hour * 60 + zone_minute
        minutes = hour * 60 + minute + (offset if match["sign"] == "-" else -offset)
        hour, minute = divmod(minutes + (24 * 60 if minutes < 0 else 0), 60)
    return second < 60 or (hour, minute) == (23, 59)


def is_date_time(text: str) -> bool:
    """A day and a time: `2024-01-01T00:00:00Z`."""
    return len(text) >= 20 and text[10] in "tT" and is_date(text[:10]) and is_time(text[11:])


def is_duration(text: str) -> bool:
    """A length of time: `P1Y2M3DT4H5M6S`, `P4W`."""
    return _DURATION.fullmatch(text) is not None


def is_period(text: str) -> bool:
    """Two of date-time and duration with a slash between them, at most one of them a duration."""
    start, slash, end = text.partition("/")
    if not slash:
        return False
    if start.startswith("P"):
        return is_duration(start) and is_date_time(end)
    return is_date_time(start) and (is_duration(end) if end.startswith("P") else is_date_time(end))


def is_ipv4(text: str) -> bool:
    """Four decimals without zeros in front, at most 255 each."""
    return _IPV4.fullmatch(text) is not None and all(int(part) <= 255 for part in text.split("."))


def is_ipv6(text: str) -> bool:
    """An address without a zone."""
    import ipaddress  # noqa: PLC0415  # few schemas ask for it, and loading it takes its time

    if ":" not in text or "%" in text:
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def is_hostname(text: str) -> bool:
    """Labels of letters, digits and `-`, with dots between them."""
    text = text.removesuffix(".")
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.split("."))


def is_email(text: str) -> bool:
    """A mail address; quotes around the local part, an address in brackets as its domain."""
    local, at, domain = text.rpartition("@")
    if not at or len(text.encode("utf-8", "replace")) > 254 or len(local) > 64:
        return False
    if len(local) > 1 and local.startswith('"') and local.endswith('"'):
        if "\\" in local or '"' in local[1:-1]:
            return False
    elif local.startswith(".") or local.endswith(".") or ".." in local or not _LOCAL_PART.fullmatch(local):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        address = domain[1:-1]
        return is_ipv6(address[5:]) if address.startswith("IPv6:") else is_ipv4(address)
    return is_hostname(domain)


def is_uri_reference(text: str) -> bool:
    r"""A URL, absolute or relative, without `\`."""
    return "\\" not in text and _url_parts(text) is not None


def is_uri(text: str) -> bool:
    """An absolute URL."""
    parts = _url_parts(text)
    return parts is not None and bool(parts[0])


def is_uri_template(text: str) -> bool:
    """A URL in whose path braces come in pairs, not inside each other."""
    parts = _url_parts(text)
    if parts is None:
        return False
    for segment in parts[1].split("/"):
        braces = re.sub(r"[^{}]", "", segment.replace("%7B", "{").replace("%7D", "}"))
        if braces.replace("{}", "") or "{{" in braces:
            return False
    return True


def _url_parts(text: str) -> tuple[str, str] | None:
    """Scheme and path of a URL as Go's net/url takes it; None where it refuses it."""
    rest, _, fragment = text.partition("#")
    if re.search(r"[\x00-\x1f\x7f]", text) or _PERCENT.search(fragment) or rest.startswith(":"):
        return None
    match = _SCHEME.match(rest)
    scheme = match[0][:-1] if match else ""
    path = rest[match.end() if match else 0 :].partition("?")[0]
    if not path.startswith("/"):
        if scheme:
            return scheme, ""  # `mailto:x` has no path
        if ":" in path.partition("/")[0]:
            return None
    elif path.startswith("//") and (scheme or not path.startswith("///")):
        authority, slash, path = path[2:].partition("/")
        path = slash + path
        if not _is_authority(authority):
            return None
    return None if _PERCENT.search(path) else (scheme, path)


def _is_authority(text: str) -> bool:
    user, _, host = text.rpartition("@")
    if not _USER.fullmatch(user) or _PERCENT.search(user) or not _HOST.fullmatch(host):
        return False
    if host.startswith("["):
        address, bracket, port = host[1:].rpartition("]")
        return bool(bracket) and is_ipv6(address) and _is_port(port)
    name, colon, port = host.rpartition(":")
    return ":" not in name and "[" not in host and "]" not in host and _is_port(colon + port if colon else "")


def _is_port(text: str) -> bool:
    return re.fullmatch(r"(?::[0-9]*)?", text) is not None


def _fits(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: pattern.fullmatch(text) is not None


FORMATS: Mapping[str, Callable[[str], bool]] = {
    "date": is_date,
    "date-time": is_date_time,
    "duration": is_duration,
    "email": is_email,
    "hostname": is_hostname,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "iri": is_uri,
    "iri-reference": is_uri_reference,
    "json-pointer": _fits(_POINTER),
    "period": is_period,
    "regex": is_regex,
    "relative-json-pointer": _fits(_RELATIVE_POINTER),
    "semver": _fits(_SEMVER),
    "time": is_time,
    "uri": is_uri,
    "uri-reference": is_uri_reference,
    "uri-template": is_uri_template,
    "uuid": _fits(_UUID),
}
"""All formats that Helm knows; it lets pass whatever others ask."""
