"""Which check looks at which page of the console: one for each route, and for each part of a page that has parts."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

# By the name of its pictures. ``Seat.check`` sees to it that a check of this name looks at this page.
VIEWS = {
    "sign-in-phone": "/sign-in",
    "welcome-invited": "/welcome",
    "overview-admin": "/",
    "patients-list": "/patients",
    "patients-add": "/patients/new",
    "patients-import": "/patients/import",
    "patients-one-admin": "/patients/$patientId",
    "patients-edit-phone": "/patients/$patientId/edit",
    "predict-record": "/predict",
    "predict-file": "/predict?by=file",
    "history": "/history",
    "training-consortium": "/training",
    "runs-compared": "/training/compare",
    "run-consortium": "/training/$run",
    "plans-admin": "/plans",
    "plan-admin": "/plans/$hash",
    "models-consortium": "/models",
    "model-doctor": "/models/$version",
    "hospital-left": "/hospital",
    "hospital-privacy": "/hospital?part=privacy",
    "hospital-rules": "/hospital?part=rules",
    "hospital-node": "/hospital?part=node",
    "hospital-people": "/hospital?part=people",
    "consortium-hospitals": "/consortium",
    "consortium-nodes": "/consortium?part=nodes",
    "consortium-health": "/consortium?part=health",
    "consortium-people": "/consortium?part=people",
    "audit-admin": "/audit",
}


def is_at(url: str, view: str) -> bool:
    """Whether an address is one of this page's, and of this part of it."""
    route, _, part = view.partition("?")
    found = urlsplit(url)
    path = re.sub(r"\\\$\w+", "[^/]+", re.escape(route))
    wanted = parse_qs(part)
    return bool(re.fullmatch(path, found.path)) and wanted.items() <= parse_qs(found.query).items()
