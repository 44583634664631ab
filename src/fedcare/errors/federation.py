"""The federation: processes, nodes, and what an institution lets pass."""

from __future__ import annotations

from fedcare.errors.base import FedCareError


class ProcessFailed(FedCareError):
    """A process that belongs to this one did not start."""

    code = "process_failed"
    text = "The process {name} did not start: {reason}. See {log}"


class AlreadyRunning(FedCareError):
    """A second ``fedcare up`` on one FEDCARE_HOME."""

    code, status, exit_code = "already_running", 409, 2
    text = "`fedcare up` runs already in {home}, as process {pid}. Stop that one first, or choose another FEDCARE_HOME."


class PlanRefused(FedCareError):
    """An institution's node does not work on a plan, or not on this question of it; the others go on without it."""

    code, status = "plan_refused", 403
    text = "refused: {reason}"


class SecureSumFailed(FedCareError):
    """A sum under secure aggregation was not formed, or an institution did not let itself be added up; nothing of a
    single institution was revealed.
    """

    code, status = "secure_sum_failed", 409
    text = "No secure sum: {reason}."


class BudgetSpent(FedCareError):
    """An institution's privacy budget does not allow what a run would release of its records."""

    code, status = "budget_spent", 403
    text = (
        "The privacy budget does not allow it: epsilon would be {after:.4g} of {budget:.4g} at delta {delta:.2g}."
        " {spent:.4g} is spent and {left:.4g} is left. Ask for a smaller epsilon or fewer rounds, or the institution's"
        " administrator raises the budget."
    )


class NoNode(FedCareError):
    """No node of this institution has been enrolled on this machine, or several and none was named."""

    code, status, exit_code = "no_node", 404, 2
    text = "Which node is meant? {found}. `fedcare node enrol` makes one, --institution names one."


class BadNodeSettings(FedCareError):
    """A node's own settings cannot be read."""

    code, status, exit_code = "bad_node_settings", 422, 2
    text = "{path} is not valid: {reason}"


class UnknownPlan(FedCareError):
    """No plan, or several, whose hash begins like this."""

    code, status, exit_code = "unknown_plan", 404, 2
    text = "There is no one plan {plan!r}. See `fedcare node plans`."


class UnknownRule(FedCareError):
    """No standing rule for this task."""

    code, status, exit_code = "unknown_rule", 404, 2
    text = "There is no standing rule for {task!r}. See `fedcare node rules list`."
