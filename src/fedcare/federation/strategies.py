"""The strategies by name. Each function takes its options from ``--set strategy.options.NAME=VALUE``."""

from __future__ import annotations

from functools import partial

from flwr.serverapp.strategy import (
    Bulyan,
    FedAdagrad,
    FedAdam,
    FedAvg,
    FedAvgM,
    FedMedian,
    FedTrimmedAvg,
    FedYogi,
    Krum,
    MultiKrum,
)

from fedcare.aggregation.planning import OPTIONS, one_step, with_penalty
from fedcare.federation.flower_strategy import FlowerStrategy, MeanStrategy, RobustStrategy


def fedavg() -> FlowerStrategy:
    """Mean of the weights by number of rows (McMahan et al., AISTATS 2017)."""
    return MeanStrategy(FedAvg())


def fedsgd() -> FlowerStrategy:
    """One step of gradient descent a round over all local rows (McMahan et al., AISTATS 2017, section 2)."""
    return MeanStrategy(FedAvg(), one_step)


def fedprox(mu: float = 0.01) -> FlowerStrategy:
    """FedAvg with mu/2 times the squared distance to the global weights in the local loss (Li et al., MLSys 2020).

    ``mu``: 0.001 to 1; larger where institutions differ more.
    """
    _check("fedprox", mu=mu)
    return MeanStrategy(FedAvg(), partial(with_penalty, mu=mu))


def fedavgm(eta: float = 1.0, momentum: float = 0.9) -> FlowerStrategy:
    """Server-side momentum (Hsu et al., 2019). ``eta``: the server's learning rate; ``momentum``: 0 to below 1."""
    _check("fedavgm", eta=eta, momentum=momentum)
    server = FedAvgM(server_learning_rate=eta, server_momentum=momentum)
    return MeanStrategy(server, remembers=["momentum_vector"])


def fedadam(eta: float = 0.01, beta1: float = 0.9, beta2: float = 0.99, tau: float = 1e-3) -> FlowerStrategy:
    """Server-side Adam (Reddi et al., ICLR 2021). ``eta``: the server's learning rate; ``tau``: adaptivity."""
    _check("fedadam", eta=eta)
    return MeanStrategy(FedAdam(eta=eta, beta_1=beta1, beta_2=beta2, tau=tau), remembers=["m_t", "v_t"])


def fedyogi(eta: float = 0.01, beta1: float = 0.9, beta2: float = 0.99, tau: float = 1e-3) -> FlowerStrategy:
    """Server-side Yogi (Reddi et al., ICLR 2021). Options as for ``fedadam``."""
    _check("fedyogi", eta=eta)
    return MeanStrategy(FedYogi(eta=eta, beta_1=beta1, beta_2=beta2, tau=tau), remembers=["m_t", "v_t"])


def fedadagrad(eta: float = 0.01, tau: float = 1e-3) -> FlowerStrategy:
    """Server-side Adagrad (Reddi et al., ICLR 2021). Options as for ``fedadam``."""
    _check("fedadagrad", eta=eta)
    return MeanStrategy(FedAdagrad(eta=eta, tau=tau), remembers=["m_t", "v_t"])


def median() -> FlowerStrategy:
    """Median of each coordinate (Yin et al., ICML 2018): stands up to fewer than half of the members."""
    return RobustStrategy(FedMedian(), minimum_updates=3)


def trimmed_mean(beta: float = 0.2) -> FlowerStrategy:
    """Mean of each coordinate without its lowest and highest share ``beta`` (Yin et al., ICML 2018)."""
    _check("trimmed-mean", beta=beta)
    return RobustStrategy(FedTrimmedAvg(beta=beta), minimum_updates=3)


def krum(malicious: float = 1) -> FlowerStrategy:
    """The one update closest to its neighbours (Blanchard et al., NeurIPS 2017), against ``malicious`` members."""
    _check("krum", malicious=malicious)
    return RobustStrategy(Krum(num_malicious_nodes=int(malicious)), minimum_updates=2 * int(malicious) + 3)


def multikrum(malicious: float = 1, select: float = 3) -> FlowerStrategy:
    """Mean of the ``select`` updates closest to their neighbours (Blanchard et al., NeurIPS 2017)."""
    _check("multikrum", malicious=malicious, select=select)
    chosen = int(select)
    server = MultiKrum(num_malicious_nodes=int(malicious), num_nodes_to_select=chosen)
    return RobustStrategy(server, minimum_updates=max(2 * int(malicious) + 3, chosen))


def bulyan(malicious: float = 0) -> FlowerStrategy:
    """Krum's choice, then a mean near the median (El Mhamdi et al., ICML 2018): needs 4 * malicious + 3 updates.

    Five institutions are too few for one malicious member, seven are enough; hence the default of none.
    """
    _check("bulyan", malicious=malicious)
    return RobustStrategy(Bulyan(num_malicious_nodes=int(malicious)), minimum_updates=4 * int(malicious) + 3)


def _check(strategy: str, **options: float) -> None:
    for name, value in options.items():
        OPTIONS[strategy][name].check(name, value)
