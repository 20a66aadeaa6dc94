"""Pure: addresses as they are told to people."""

import re

_LOGIN = re.compile(r"(?<=://)[^/?#\s]*@")


def without_login(url: str) -> str:
    """The address without a name and a password in it: a setting may hold them, an error must not
    show them to whoever reads it."""
    return _LOGIN.sub("", url)
