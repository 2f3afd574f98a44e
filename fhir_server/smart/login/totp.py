"""The second factor: a code of six digits that changes twice a minute.

https://www.rfc-editor.org/rfc/rfc6238 . The key is sealed at rest. A code is good once: the time
step that was used last is kept, and nothing at or before it is taken again.
"""

import hmac
from base64 import b32encode
from collections.abc import Callable

import pyotp

from fhir_server.fhir.resource import MICROSECONDS
from fhir_server.smart.sealing import Seal
from fhir_server.storage.accounts import AccountStore, Credential

METHOD = "totp"
ISSUER = "Handoff"
STEP_SECONDS = 30
# A clock of a telephone may be one step off either way.
_DRIFT = (0, -1, 1)
_KEY_BYTES = 20
_DIGITS = 6


def new_key(random: Callable[[int], bytes]) -> str:
    """Return a new key, as authenticator apps want it: base32."""
    return b32encode(random(_KEY_BYTES)).decode()


def uri(key: str, login: str) -> str:
    """Return what stands in the picture that an authenticator app reads."""
    return str(pyotp.TOTP(key).provisioning_uri(name=login, issuer_name=ISSUER))


def code_at(key: str, at: int) -> str:
    """Return the code that an authenticator app shows at `at` (microseconds)."""
    return str(pyotp.TOTP(key).at(at // MICROSECONDS))


def step_of(key: str, code: str, at: int) -> int | None:
    """Return the time step whose code this is at `at` (microseconds), None if of none near."""
    digits = code.replace(" ", "")
    if len(digits) != _DIGITS or not digits.isascii() or not digits.isdigit():
        return None
    now = at // MICROSECONDS // STEP_SECONDS
    totp = pyotp.TOTP(key)
    for drift in _DRIFT:
        if hmac.compare_digest(str(totp.at((now + drift) * STEP_SECONDS)), digits):
            return now + drift
    return None


def credential(account_id: str, key: str, used: int, at: int, seal: Seal) -> Credential:
    """Return what is kept of a key, whose code of the step `used` was shown."""
    return Credential(
        account_id=account_id,
        method=METHOD,
        secret=seal.seal(key.encode(), METHOD, account_id),
        temporary=False,
        used=used,
        changed_at=at,
    )


def verify(store: AccountStore, account_id: str, code: str, at: int, seal: Seal) -> bool:
    """Tell whether `code` is the account's now, and has not been used.

    Raises:
        SealError: The key cannot be opened.
    """
    found = store.credential(account_id, METHOD)
    if found is None:
        return False
    key = seal.open(bytes(found.secret), METHOD, account_id).decode()
    step = step_of(key, code, at)
    return step is not None and store.use(found, step)
