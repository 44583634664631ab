"""The active version is judged again where that costs nobody anything."""

from fedcare.aggregation.planning import plan_of
from fedcare.federation.run.judging import judge_again
from fedcare.tasks.overrides import apply
from fedcare.tasks.registry import get


class Untouched:
    """Of a private run nobody is asked, and nothing is looked at."""

    def __getattr__(self, name):
        raise AssertionError(name)


def test_in_a_private_run_the_active_version_is_not_judged_again_as_that_would_cost_more_than_the_plan():
    chosen = {"privacy.dp.enabled": "true", "privacy.dp.epsilon": "0.6", "full_batch": "true"}
    plan = plan_of(apply(get("insurance-cost"), chosen), 1)
    assert judge_again(plan, Untouched(), Untouched(), Untouched(), Untouched()) is None
