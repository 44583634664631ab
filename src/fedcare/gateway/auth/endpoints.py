"""Signing in and out, and who is signed in."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from fedcare.db.audit import Origin
from fedcare.errors import Conflict, LockedOut, NoSignOn, SignOnFailed, Unauthenticated, WrongLogin
from fedcare.gateway.answers import answers
from fedcare.gateway.auth import cookies, invitations, profile, service, sign_on
from fedcare.gateway.auth.schemas import AcceptInvitation, ChangePassword, Login, LogOut, Me, Refresh, Session
from fedcare.gateway.auth.tokens import ACCESS_SECONDS
from fedcare.gateway.guard import CurrentCaller
from fedcare.gateway.services import CurrentServices, Services
from fedcare.gateway.strict_json import StrictRoute
from fedcare.gateway.types import INT32

router = APIRouter(prefix="/auth", tags=["auth"], route_class=StrictRoute)


@router.post("/login", operation_id="login", responses=answers(WrongLogin, LockedOut, Conflict))
def login(body: Login, request: Request, response: Response, services: CurrentServices) -> Session:
    """Sign in with email and password."""
    tokens = service.log_in(services, origin_of(request), body.email, body.password, body.institution_id)
    return hand_over(services, request, response, tokens, in_cookies=body.cookies)


@router.post("/refresh", operation_id="refreshSession", responses=answers())
def refresh(body: Refresh, request: Request, response: Response, services: CurrentServices) -> Session:
    """New tokens for a refresh token, which counts once.

    Used a second time within ten seconds, as two tabs do, it gives an access token alone; later, the session ends.
    """
    in_cookies = body.refresh_token is None
    token = body.refresh_token or request.cookies.get(cookies.REFRESH)
    if not token:
        raise Unauthenticated(reason="the request carries no refresh token")
    tokens = service.refresh(services, origin_of(request), token, in_cookies, request)
    return hand_over(services, request, response, tokens, in_cookies=in_cookies)


@router.post("/logout", operation_id="logout", status_code=204, responses=answers())
def logout(caller: CurrentCaller, response: Response, services: CurrentServices, body: LogOut | None = None) -> None:
    """End the session at once, in every gateway; with ``everywhere`` each other session of one's own too."""
    service.log_out(services, caller, everywhere=body is not None and body.everywhere)
    cookies.drop(response)


@router.get("/me", operation_id="getMe", responses=answers())
def me(caller: CurrentCaller, services: CurrentServices) -> Me:
    """Who is signed in."""
    return profile.me(services, caller)


@router.post("/password", operation_id="changePassword", status_code=204, responses=answers(WrongLogin, LockedOut))
def change_password(body: ChangePassword, caller: CurrentCaller, services: CurrentServices) -> None:
    """Replace one's own password; one's other sessions end."""
    service.change_password(services, caller, body.current_password, body.new_password)


@router.post("/invitation", operation_id="acceptInvitation", status_code=204, responses=answers())
def accept_invitation(body: AcceptInvitation, request: Request, services: CurrentServices) -> None:
    """Set one's first password, or a new one where the old was forgotten; then sign in with it."""
    invitations.accept(services, origin_of(request), body)


@router.get(
    "/oidc/start",
    operation_id="startOidc",
    status_code=302,
    response_class=RedirectResponse,
    responses=answers(NoSignOn, SignOnFailed),
)
def start_oidc(
    request: Request, services: CurrentServices, institution_id: Annotated[int | None, Query(ge=0, le=INT32)] = None
) -> Response:
    """Send a browser to the provider of the single sign-on; ``institution_id`` as at `login`."""
    address, sealed = sign_on.begin(services, _callback(services, request), institution_id)
    response = RedirectResponse(address, 302)
    cookies.keep_attempt(request, response, services.config, sealed)
    return response


@router.get(
    "/oidc/callback",
    operation_id="finishOidc",
    status_code=303,
    response_class=RedirectResponse,
    responses=answers(NoSignOn, SignOnFailed),
)
def finish_oidc(
    request: Request,
    services: CurrentServices,
    state: Annotated[str, Query(max_length=200)] = "",
    code: Annotated[str, Query(max_length=4000)] = "",
) -> Response:
    """Where the provider sends the browser back to; with a session it goes on to the front page."""
    sealed = request.cookies.get(cookies.SIGN_ON, "")
    tokens = sign_on.finish(services, origin_of(request), sealed, state, code)
    response = RedirectResponse("/", 303)
    cookies.keep(request, response, services.config, tokens.access, tokens.refresh, tokens.csrf)
    cookies.drop_attempt(response)
    return response


def _callback(services: Services, request: Request) -> str:
    base = services.config.public_url or str(request.base_url)
    return f"{base.rstrip('/')}/api/auth/oidc/callback"


def origin_of(request: Request) -> Origin:
    """Where a request without a session comes from."""
    source = request.client.host if request.client else None
    return Origin(None, source, getattr(request.state, "request_id", None))


def hand_over(
    services: Services, request: Request, response: Response, tokens: service.Tokens, in_cookies: bool
) -> Session:
    """The session as cookies, or as tokens in the body; never both, so that no script can read a browser's."""
    if not in_cookies:
        return Session(access_token=tokens.access, refresh_token=tokens.refresh, expires_in=ACCESS_SECONDS)
    cookies.keep(request, response, services.config, tokens.access, tokens.refresh, tokens.csrf)
    return Session(csrf_token=tokens.csrf, expires_in=ACCESS_SECONDS)
