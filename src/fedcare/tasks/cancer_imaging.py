"""Cancer or not on one grey image: the built-in image task."""

from __future__ import annotations

from fedcare.data.schema import ImageSchema, Target
from fedcare.models.spec import ResNetSpec
from fedcare.plan import LocalTraining, RoundPolicy
from fedcare.tasks.private_images import PRIVATE_IMAGES
from fedcare.tasks.spec import Synthetic, Task

TASK = Task(
    name="cancer-imaging",
    title="Cancer on a medical image",
    description=(
        "Tells cancer from normal tissue on one grey image. Without records of its own it makes synthetic images; it "
        "reads an npz in MedMNIST's layout or a folder per class."
    ),
    records=ImageSchema(target=Target(name="label", kind="binary", classes=("normal", "cancer")), image_size=64),
    model=ResNetSpec(norm="batch"),
    metric="auc",
    threshold="balanced",
    origin="synthetic-images",
    synthetic=Synthetic(num_samples=800),
    partition="hospitals",
    private=PRIVATE_IMAGES,
    local=LocalTraining(epochs=1, batch_size=32, optimizer="adam", lr=1e-3),
    rounds=RoundPolicy(rounds=5),
)
