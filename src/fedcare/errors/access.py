"""Who may come in, and over which door."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class Unauthenticated(FedCareError):
    """No session, or one that has ended."""

    code, status = "unauthenticated", 401
    text = "Sign in first: {reason}."


class WrongLogin(FedCareError):
    """Email and password do not belong together; it does not say which of them is wrong."""

    code, status = "wrong_login", 401
    text = "Email or password is wrong."


class LockedOut(FedCareError):
    """Too many failed attempts for one email."""

    code, status = "locked_out", 429
    text = "Too many failed attempts for this email. Try again in {seconds} seconds."


class Forbidden(FedCareError):
    """The role may not do this."""

    code, status = "forbidden", 403
    text = "Your role may not do this. Ask an administrator of your institution, or of the consortium."


class BadCsrfToken(FedCareError):
    """A browser's request came without the token that only our pages know."""

    code, status = "bad_csrf_token", 403
    text = "The request lacks the token that goes with the session. Reload the page."


class SignOnFailed(FedCareError):
    """The provider of the single sign-on did not confirm who this is."""

    code, status = "sign_on_failed", 401
    text = "The single sign-on did not succeed: {reason}."


class NoSignOn(FedCareError):
    """This gateway has no provider of a single sign-on."""

    code, status = "no_sign_on", 404
    text = "This gateway has no single sign-on. Sign in with email and password."


class UnknownInstitution(FedCareError):
    """No institution of that name or id."""

    code, status, exit_code = "unknown_institution", 404, 2
    text = "There is no institution {institution!r}. See `fedcare institutions list`."


class UnknownWorker(FedCareError):
    """No worker of that email, or several."""

    code, status, exit_code = "unknown_worker", 404, 2
    text = "Which worker is {email}? {hint}"


class UnsafeHost(FedCareError):
    """Passwords and patients would cross the network in the clear."""

    code, status, exit_code = "unsafe_host", 422, 2
    text = (
        "Serving on {host} without TLS would send passwords and patients in the clear. Give --tls-cert and --tls-key,"
        " or --behind-proxy where a proxy that speaks TLS stands before it."
    )


class PortTaken(FedCareError):
    """Another program listens there already."""

    code, status, exit_code = "port_taken", 409, 2
    text = "{host}:{port} cannot be listened on: {reason}. Choose another --port."
