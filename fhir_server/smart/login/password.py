"""Passwords: Argon2id, and nothing that helps a guesser.

https://www.rfc-editor.org/rfc/rfc9106 (the second recommended option: 64 MiB, three passes) and
https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver : long rather than odd, no expiry, none
of those that everybody tries first.
"""

from base64 import b32encode
from collections.abc import Callable

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from fhir_server.storage.accounts import AccountStore, Credential

METHOD = "password"
SHORTEST = 12
LONGEST = 256
_SALT_BYTES = 16
_HASHER = PasswordHasher()
# Of a password that nobody has: compared where there is no account, so that both take as long.
# Written out, since to hash it takes as long as a login and every process would at its start.
_NOBODYS = (
    b"$argon2id$v=19$m=65536,t=3,p=4$aGFuZG9mZi1uby1zYWx0IQ$"
    b"u7J16RMnol0RQvLf4p9U8+mVyZCcXOb2Os+vbK/6bj4"
)
_COMMON = frozenset(
    {
        "password1234",
        "passwordpassword",
        "123456789012",
        "qwertyuiopas",
        "iloveyou1234",
        "letmeinletmein",
        "changemechangeme",
        "administrator",
        "adminadminadmin",
        "welcome12345",
    }
)


class PasswordError(ValueError):
    """A new password cannot be taken; the message is for the person who chose it."""


def check(password: str, login: str) -> None:
    """Require a password that is worth having.

    Raises:
        PasswordError: It is short, endless, common, or made of the login.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"Choose a password of {SHORTEST} to {LONGEST} characters.")
    folded = password.casefold()
    if folded in _COMMON or len(set(folded)) < SHORTEST // 2 or login.casefold() in folded:
        raise PasswordError("That password is easy to guess. Choose another, such as four words.")


def credential(
    account_id: str, password: str, at: int, random: Callable[[int], bytes], *, temporary: bool
) -> Credential:
    """Return what is kept of a password; `temporary`: its holder must choose another."""
    secret = _HASHER.hash(password, salt=random(_SALT_BYTES)).encode()
    return Credential(
        account_id=account_id,
        method=METHOD,
        secret=secret,
        temporary=temporary,
        used=0,
        changed_at=at,
    )


def verify(store: AccountStore, account_id: str | None, password: str) -> Credential | None:
    """Return the credential if the password is that of the account; it takes as long if not.

    `account_id` None: there is no such account.
    """
    found = None if account_id is None else store.credential(account_id, METHOD)
    secret = _NOBODYS if found is None else found.secret
    try:
        _HASHER.verify(bytes(secret), password[:LONGEST])
    except (Argon2Error, InvalidHashError):
        return None
    return found


def temporary_password(random: Callable[[int], bytes]) -> str:
    """Return a password to be replaced at the first login: 80 bits, readable over a telephone."""
    text = b32encode(random(10)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))
