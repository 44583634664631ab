import pytest
from pydantic import BaseModel, Field, ValidationError

from fedcare.plan import LocalTraining
from fedcare.tasks.plain_words import did_you_mean, mistakes, nearest


class Sample(BaseModel):
    share: float = Field(default=0.5, gt=0, lt=1)
    widths: tuple[int, ...] = ()
    rule: float | None = None


def reasons(model: type[BaseModel], **values: object) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(values)
    return {".".join(place): reason for place, reason in mistakes(caught.value)}


def test_each_mistake_is_told_once_under_its_place() -> None:
    found = reasons(Sample, share=2, widths=["x", 3, "y"], rule="z")
    assert found == {
        "share": "it must be below 1.0",
        "widths.0": "it must be a whole number",
        "widths.2": "it must be a whole number",
        "rule": "it must be a number",
    }


def test_no_reason_shows_how_validation_is_made() -> None:
    found = reasons(
        LocalTraining, lr="x", epochs=0, optimizer="lion", full_batch="perhaps", momentum=float("nan"), mystery=1
    )
    assert all("pydantic" not in reason and "Input" not in reason for reason in found.values())
    assert found["mystery"] == "there is no such key"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [("learning_rate", "lr"), ("learning-rate", "lr"), ("epoch", "epochs"), ("momentun", "momentum"), ("zzz", None)],
)
def test_the_likely_name_is_found(wrong: str, meant: str | None) -> None:
    assert nearest(wrong, LocalTraining.model_fields) == meant


def test_without_a_likely_name_all_are_listed() -> None:
    assert did_you_mean("zzz", ["b", "a"]) == "the known ones are a, b"
