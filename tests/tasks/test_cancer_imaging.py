"""The built-in image task."""

from fedcare.tasks.cancer_imaging import TASK


def test_the_task_starts_from_the_settings_of_the_study():
    assert TASK.records.target.classes == ("normal", "cancer")
    assert (TASK.records.image_size, TASK.synthetic.num_samples) == (64, 800)
    assert (TASK.local.epochs, TASK.local.batch_size, TASK.local.optimizer, TASK.local.lr) == (1, 32, "adam", 1e-3)
    assert (TASK.model.kind, TASK.partition, TASK.origin) == ("resnet18", "hospitals", "synthetic-images")
