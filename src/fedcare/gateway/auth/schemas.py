"""What signing in takes and gives."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from fedcare.gateway.auth.passwords import LEAST_LENGTH, MOST_LENGTH
from fedcare.gateway.caller import Role
from fedcare.gateway.types import INT32, Says, Text200, clean

Email = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, to_lower=True, min_length=3, max_length=320, pattern=r"^[!-?A-~]+@[!-?A-~]+$"
    ),
    Says("it must be an email address, such as ada@hospital-a.example"),
    Field(examples=["ada@hospital-a.example"]),
]
# A password in use may be anything; a new one is held to what NIST SP 800-63B asks for: length, and nothing else.
Password = Annotated[str, StringConstraints(min_length=1, max_length=MOST_LENGTH), AfterValidator(clean)]
NewPassword = Annotated[
    str,
    StringConstraints(min_length=LEAST_LENGTH, max_length=MOST_LENGTH),
    AfterValidator(clean),
    Field(examples=["correct horse battery staple"]),
]
Token = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200, pattern=r"^[\w.-]+$"),
    Says("it must be the token as it was given, with nothing before or after it"),
]


class Body(BaseModel):
    """A request's body: no field that is not named, no value of another kind."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Login(Body):
    """``institution_id`` (0: the consortium) only where one email and password fit accounts at several.

    ``cookies``: for browsers, the session comes as cookies and the answer holds no token.
    """

    email: Email
    password: Annotated[Password, Field(examples=["correct horse battery staple"])]
    institution_id: Annotated[int, Field(ge=0, le=INT32)] | None = None
    cookies: bool = False


class Refresh(Body):
    """Without a token, the browser's cookie is meant."""

    refresh_token: Token | None = None


class LogOut(Body):
    """``everywhere`` ends every session of the worker's, on other machines too; else this one alone ends."""

    everywhere: bool = False


class ChangePassword(Body):
    """The session stays; every other of the worker's ends."""

    current_password: Password
    new_password: NewPassword


class AcceptInvitation(Body):
    """An invitation counts once, and only for some days; ``email`` and ``name`` are for the first admin alone."""

    token: Token
    password: NewPassword
    email: Email | None = None
    name: Text200 | None = None


class Me(BaseModel):
    """Who is signed in; ``institution_id`` null for the consortium's own."""

    id: UUID
    email: str
    name: Text200
    role: Role
    institution_id: int | None
    institution: str | None


class Session(BaseModel):
    """A session's tokens: for a browser only the one that goes back in ``X-CSRF-Token``, the others are cookies.

    ``refresh_token`` is null where the one in use stays: see `refreshSession`.
    """

    access_token: str | None = None
    refresh_token: str | None = None
    csrf_token: str | None = None
    token_type: str = "Bearer"  # noqa: S105
    expires_in: int
    """Seconds until the access token expires."""
