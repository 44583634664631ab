"""What all errors of the catalogue are."""

from __future__ import annotations

from typing import ClassVar


class FedCareError(Exception):
    """An expected failure with a stable code and a text that is safe to show.

    ``details`` fill the placeholders of ``text``; they are also what ``--json`` and the gateway give to programs.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    text: ClassVar[str] = "Something went wrong inside FedCare: {reason}"

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.text.format(**details))

    def to_json(self) -> dict[str, object]:
        """The one shape in which every error leaves FedCare."""
        details = {key: value if isinstance(value, int | float) else str(value) for key, value in self.details.items()}
        return {"error": {"code": self.code, "message": str(self), "details": details}}
