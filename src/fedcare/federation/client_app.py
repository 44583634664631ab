"""The institution's Flower app: an ordinary ClientApp over a ``Site``, for any engine or SuperNode."""

from __future__ import annotations

from collections.abc import Callable

from flwr.app import Context, Message
from flwr.clientapp import ClientApp

from fedcare.aggregation.exchange import Answer
from fedcare.errors import FedCareError, SecureSumFailed
from fedcare.federation.messages import Instruction, asked, reply
from fedcare.federation.site import Site
from fedcare.update import Vector


def client_app(site_of: Callable[[Context], Site]) -> ClientApp:
    """A ClientApp that answers the three questions; ``site_of`` finds the records of the node it runs on."""
    app = ClientApp()

    @app.query()
    def statistics(message: Message, context: Context) -> Message:
        return _answer(message, site_of(context), lambda site, question, _: site.statistics(question))

    @app.train()
    def train(message: Message, context: Context) -> Message:
        return _answer(message, site_of(context), lambda site, question, vector: site.train(question, vector))

    @app.evaluate()
    def evaluate(message: Message, context: Context) -> Message:
        return _answer(message, site_of(context), lambda site, question, vector: site.evaluate(question, vector))

    return app


def _answer(message: Message, site: Site, work: Callable[[Site, Instruction, Vector], Answer]) -> Message:
    """Do the work; a failure leaves the institution as a sentence that holds no record's content."""
    try:
        instruction, vector = asked(message)
        if instruction.recipe()[0].privacy.secure.enabled and not site.masks:
            raise SecureSumFailed(reason="the plan asks for secure aggregation, and nothing masks the answers here")
        answer = work(site, instruction, vector)  # type: ignore[arg-type]
    except FedCareError as error:
        answer = Answer(site.name, error=str(error))
    except Exception as error:  # Its text may quote a record, so only its kind leaves.
        answer = Answer(site.name, error=f"local failure ({type(error).__name__})")
    return reply(answer, message)
