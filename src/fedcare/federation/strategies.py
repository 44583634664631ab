"""The strategies by name. Each function takes its options from ``--set strategy.options.NAME=VALUE``."""

from __future__ import annotations

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

from fedcare.federation.flower_strategy import FlowerStrategy, MeanStrategy, RobustStrategy
from fedcare.plan import LocalTraining


def fedavg() -> FlowerStrategy:
    """Mean of the weights by number of rows (McMahan et al., AISTATS 2017)."""
    return MeanStrategy(FedAvg())


def fedsgd() -> FlowerStrategy:
    """One step of gradient descent a round over all local rows (McMahan et al., AISTATS 2017, section 2)."""

    def one_step(local: LocalTraining) -> LocalTraining:
        return local.model_copy(update={"epochs": 1, "full_batch": True, "optimizer": "sgd"})

    return MeanStrategy(FedAvg(), one_step)


def fedprox(mu: float = 0.01) -> FlowerStrategy:
    """FedAvg with mu/2 times the squared distance to the global weights in the local loss (Li et al., MLSys 2020).

    ``mu``: 0.001 to 1; larger where institutions differ more.
    """
    _check("mu", mu, 0.0, 100.0)

    def with_penalty(local: LocalTraining) -> LocalTraining:
        return local.model_copy(update={"proximal_mu": mu})

    return MeanStrategy(FedAvg(), with_penalty)


def fedavgm(eta: float = 1.0, momentum: float = 0.9) -> FlowerStrategy:
    """Server-side momentum (Hsu et al., 2019). ``eta``: the server's learning rate; ``momentum``: 0 to below 1."""
    _check("eta", eta, 0.0, 10.0)
    _check("momentum", momentum, 0.0, 0.999)
    server = FedAvgM(server_learning_rate=eta, server_momentum=momentum)
    return MeanStrategy(server, remembers=["momentum_vector"])


def fedadam(eta: float = 0.01, beta1: float = 0.9, beta2: float = 0.99, tau: float = 1e-3) -> FlowerStrategy:
    """Server-side Adam (Reddi et al., ICLR 2021). ``eta``: the server's learning rate; ``tau``: adaptivity."""
    _check("eta", eta, 0.0, 10.0)
    return MeanStrategy(FedAdam(eta=eta, beta_1=beta1, beta_2=beta2, tau=tau), remembers=["m_t", "v_t"])


def fedyogi(eta: float = 0.01, beta1: float = 0.9, beta2: float = 0.99, tau: float = 1e-3) -> FlowerStrategy:
    """Server-side Yogi (Reddi et al., ICLR 2021). Options as for ``fedadam``."""
    _check("eta", eta, 0.0, 10.0)
    return MeanStrategy(FedYogi(eta=eta, beta_1=beta1, beta_2=beta2, tau=tau), remembers=["m_t", "v_t"])


def fedadagrad(eta: float = 0.01, tau: float = 1e-3) -> FlowerStrategy:
    """Server-side Adagrad (Reddi et al., ICLR 2021). Options as for ``fedadam``."""
    _check("eta", eta, 0.0, 10.0)
    return MeanStrategy(FedAdagrad(eta=eta, tau=tau), remembers=["m_t", "v_t"])


def median() -> FlowerStrategy:
    """Median of each coordinate (Yin et al., ICML 2018): stands up to fewer than half of the members."""
    return RobustStrategy(FedMedian(), minimum_updates=3)


def trimmed_mean(beta: float = 0.2) -> FlowerStrategy:
    """Mean of each coordinate without its lowest and highest share ``beta`` (Yin et al., ICML 2018)."""
    _check("beta", beta, 0.0, 0.49)
    return RobustStrategy(FedTrimmedAvg(beta=beta), minimum_updates=3)


def krum(malicious: float = 1) -> FlowerStrategy:
    """The one update closest to its neighbours (Blanchard et al., NeurIPS 2017), against ``malicious`` members."""
    return RobustStrategy(Krum(num_malicious_nodes=_members(malicious)), minimum_updates=2 * int(malicious) + 3)


def multikrum(malicious: float = 1, select: float = 3) -> FlowerStrategy:
    """Mean of the ``select`` updates closest to their neighbours (Blanchard et al., NeurIPS 2017)."""
    chosen = _members(select, least=1)
    server = MultiKrum(num_malicious_nodes=_members(malicious), num_nodes_to_select=chosen)
    return RobustStrategy(server, minimum_updates=max(2 * int(malicious) + 3, chosen))


def bulyan(malicious: float = 0) -> FlowerStrategy:
    """Krum's choice, then a mean near the median (El Mhamdi et al., ICML 2018): needs 4 * malicious + 3 updates.

    Five institutions are too few for one malicious member, seven are enough; hence the default of none.
    """
    return RobustStrategy(Bulyan(num_malicious_nodes=_members(malicious)), minimum_updates=4 * int(malicious) + 3)


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} must lie between {least:g} and {most:g}")


def _members(value: float, least: int = 0) -> int:
    if value != int(value) or value < least:
        raise ValueError(f"a number of members must be a whole number of at least {least}")
    return int(value)
