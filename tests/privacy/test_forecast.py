"""What a run would cost, and how many such runs fit, agrees with what the ledger then allows."""

import pytest

from fedcare.errors import BudgetSpent
from fedcare.privacy.accounting import Use, epsilon
from fedcare.privacy.forecast import MOST_RUNS, forecast
from fedcare.privacy.ledger import Account, Budget, Entry

DELTA = 1e-5
RUN = (Use(10.0, steps=3), Use(40.0))
ONE = epsilon(RUN, DELTA)


def test_the_forecast_is_what_the_ledger_charges():
    account, budget = Account([Entry("a", "reserved", RUN)]), Budget(10 * ONE, DELTA)
    told = forecast(account, RUN, budget)
    assert (told.run, told.spent) == (pytest.approx(ONE), pytest.approx(ONE))
    assert told.after == pytest.approx(account.admit(Entry("b", "reserved", RUN), budget))


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.7, 4.0])
def test_as_many_runs_fit_as_the_ledger_lets_in(factor):
    account, budget = Account(), Budget(factor * ONE, DELTA)
    told = forecast(account, RUN, budget)
    for number in range(told.runs):
        account.admit(Entry(str(number), "reserved", RUN), budget)
    with pytest.raises(BudgetSpent):
        account.admit(Entry("one more", "reserved", RUN), budget)
    assert told.fits == (factor >= 1.0)


def test_it_counts_no_further_than_anybody_plans():
    assert forecast(Account(), RUN, Budget(1e6, DELTA)).runs == MOST_RUNS
