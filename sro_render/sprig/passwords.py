"""Sprig's passwords, hashes of passwords, and ciphers.

Decides what templates get from these functions. Where Go takes chance from the system, it follows here
from the secret seed (ambient.py): bcrypt and htpasswd read 16 bytes of salt, encryptAES its first block
of 16 bytes. Tests pin that.
Source: Sprig v3.3.0 crypto.go. Where that puts the text of a fault into the output, so does this, with a
finding. The templates of derivePassword are those of the Master Password algorithm.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Final

from sro_render.gotemplate.functions import Function, FunctionError, go_function
from sro_render.gotemplate.runtime import Run
from sro_render.gotemplate.values import from_bytes, to_bytes
from sro_render.sprig.ambient import chance_of
from sro_render.sprig.calls import check_time, fault_as_text
from sro_render.sprig.encoding import decode_base64

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import Cipher
    from cryptography.hazmat.primitives.ciphers.modes import CBC

FUNCTIONS: dict[str, Function] = {}

# Hashes of passwords

_BCRYPT_COST: Final = 10
_BCRYPT_MOST: Final = 72
"""Bytes of a password that the algorithm can take."""
_SALT: Final = 16
_BCRYPT_DIGITS: Final = bytes.maketrans(
    b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
)


@go_function(FUNCTIONS, "bcrypt", "(string) string", wants_run=True)
def bcrypt_hash(run: Run, password: str) -> str:
    """The hash of a password, as bcrypt makes and checks it."""
    return _bcrypt(run, "bcrypt", password)


@go_function(FUNCTIONS, "htpasswd", "(string, string) string", wants_run=True)
def htpasswd(run: Run, user: str, password: str) -> str:
    """A line of an htpasswd file."""
    if ":" in user:
        return fault_as_text(run, f"invalid username: {user}", "a user name has no colon")
    return f"{user}:{_bcrypt(run, 'htpasswd', password)}"


def _bcrypt(run: Run, function: str, password: str) -> str:
    check_time(run)
    data = to_bytes(password)
    if len(data) > _BCRYPT_MOST:
        return fault_as_text(
            run,
            "failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes",
            "shorten the password, such as with sha256sum",
        )
    salt = chance_of(run, function).read(_SALT)
    import bcrypt  # needed by few charts

    digits = base64.b64encode(salt).rstrip(b"=").translate(_BCRYPT_DIGITS)
    return bcrypt.hashpw(data, b"$2a$%d$" % _BCRYPT_COST + digits).decode()


# Derived passwords

_SCOPE: Final = b"com.lyndir.masterpassword"
_TEMPLATES: Final = {
    "maximum": ("anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"),
    "long": (
        "CvcvnoCvcvCvcv",
        "CvcvCvcvnoCvcv",
        "CvcvCvcvCvcvno",
        "CvccnoCvcvCvcv",
        "CvccCvcvnoCvcv",
        "CvccCvcvCvcvno",
        "CvcvnoCvccCvcv",
        "CvcvCvccnoCvcv",
        "CvcvCvccCvcvno",
        "CvcvnoCvcvCvcc",
        "CvcvCvcvnoCvcc",
        "CvcvCvcvCvccno",
        "CvccnoCvccCvcv",
        "CvccCvccnoCvcv",
        "CvccCvccCvcvno",
        "CvcvnoCvccCvcc",
        "CvcvCvccnoCvcc",
        "CvcvCvccCvccno",
        "CvccnoCvcvCvcc",
        "CvccCvcvnoCvcc",
        "CvccCvcvCvccno",
    ),
    "medium": ("CvcnoCvc", "CvcCvcno"),
    "short": ("Cvcn",),
    "basic": ("aaanaaan", "aannaaan", "aaannaaa"),
    "pin": ("nnnn",),
}
_LETTERS: Final = "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
_CHARACTERS: Final = {
    "V": "AEIOU",
    "C": "BCDFGHJKLMNPQRSTVWXYZ",
    "v": "aeiou",
    "c": "bcdfghjklmnpqrstvwxyz",
    "a": _LETTERS,
    "n": "0123456789",
    "o": "@&%?,=[]_:-+*$#!'^~;()/.",
    "x": f"{_LETTERS}0123456789!@#$%^&*()",
}


@go_function(FUNCTIONS, "derivePassword", "(uint32, string, string, string, string) string", wants_run=True)
def derive_password(run: Run, counter: int, kind: str, password: str, user: str, site: str) -> str:
    """A password for a site that follows from a master password; the same every time, without a seed."""
    check_time(run)
    templates = _TEMPLATES.get(kind)
    if templates is None:
        return fault_as_text(
            run, f"cannot find password template {kind}", f"the templates are {', '.join(_TEMPLATES)}"
        )
    salt = _SCOPE + _counted(to_bytes(user))
    # 32 MiB and a little, which OpenSSL takes only when it is told that it may.
    key = hashlib.scrypt(to_bytes(password), salt=salt, n=1 << 15, r=8, p=2, maxmem=1 << 26, dklen=64)
    message = _SCOPE + _counted(to_bytes(site)) + counter.to_bytes(4, "big")
    seed = hmac.digest(key, message, "sha256")
    template = templates[seed[0] % len(templates)]
    sets = (_CHARACTERS[letter] for letter in template)
    return "".join(chars[number % len(chars)] for chars, number in zip(sets, seed[1:], strict=False))


def _counted(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


# Ciphers

_AES_KEY: Final = 32
_AES_BLOCK: Final = 16


@go_function(FUNCTIONS, "encryptAES", "(string, string) string", wants_run=True)
def encrypt_aes(run: Run, password: str, text: str) -> str:
    """The text under AES-256 in CBC mode, behind its first block, in base 64; nothing stays nothing."""
    if not text:
        return ""
    check_time(run)
    first = chance_of(run, "encryptAES").read(_AES_BLOCK)
    data = to_bytes(text)
    padding = _AES_BLOCK - len(data) % _AES_BLOCK
    encryptor = _aes(password, first).encryptor()
    cipher = encryptor.update(data + bytes((padding,)) * padding) + encryptor.finalize()
    return base64.b64encode(first + cipher).decode()


@go_function(FUNCTIONS, "decryptAES", "(string, string) string")
def decrypt_aes(password: str, text: str) -> str:
    """What encryptAES was given."""
    if not text:
        return ""
    data = decode_base64(to_bytes(text))
    if data is None:
        raise FunctionError(
            "the text that decryptAES gets is not base 64", hint="hand in what encryptAES gave"
        )
    if len(data) % _AES_BLOCK or len(data) < 2 * _AES_BLOCK:
        raise FunctionError(
            f"the text that decryptAES gets has {len(data)} bytes, not a multiple of 16 from 32 on",
            hint="hand in what encryptAES gave",
        )
    decryptor = _aes(password, data[:_AES_BLOCK]).decryptor()
    padded = decryptor.update(data[_AES_BLOCK:]) + decryptor.finalize()
    if padded[-1] > len(padded):
        raise FunctionError("decryptAES cannot read the text", hint="the password is another one")
    return from_bytes(padded[: len(padded) - padded[-1]])


def _aes(password: str, first: bytes) -> Cipher[CBC]:
    """The key is the password itself, cut or filled up with zero bytes."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # needed by few charts

    key = to_bytes(password)[:_AES_KEY].ljust(_AES_KEY, b"\0")
    return Cipher(algorithms.AES(key), modes.CBC(first))
