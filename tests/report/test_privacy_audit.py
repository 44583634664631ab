"""The page of an audit says what was found, in words and figures."""

import pytest

from fedcare.registry.card import _attacked
from fedcare.report.blocks import Picture
from fedcare.report.privacy_audit import render_audit, sentences


@pytest.fixture
def audit():
    telling = {
        "auc": 0.52,
        "error": 0.03,
        "tpr_at_1_percent": 0.02,
        "curve": {"fpr": [0.0, 0.5, 1.0], "tpr": [0, 0.6, 1]},
    }
    return {
        "run": "trial <b>",
        "seed": 3,
        "epsilon_claimed": 5.0,
        "epsilon_measured": 2.1,
        "delta": 1e-5,
        "confidence": 0.95,
        "broken": False,
        "membership": {"method": "shadow models", "shadows": 16, "members": 400, "others": 100} | telling,
        "canaries": {
            "canaries": 500,
            "guesses": [{"guessed": 500, "right": 300}],
            "epsilon_at_least": {"any_mechanism": 0.4, "gaussian": 2.1},
        }
        | telling,
        "inversion": {
            "of": "rows",
            "rows": 64,
            "batch": 4,
            "recovered": {"plain": 0.9, "protected": 0.0},
            "protection": {"clip": 1.0, "noise_multiplier": 1.1},
        },
    }


def test_claim_and_measure_stand_side_by_side(audit):
    text = " ".join(sentences(audit))
    assert "claims an epsilon of 5 at delta 1e-05" in text
    assert "at least 2.1" in text
    assert "no better than guessing" in text
    assert "more than was claimed" not in text


def test_a_broken_promise_is_said_on_the_page_and_on_the_card(audit):
    broken = audit | {"epsilon_measured": 6.2, "broken": True}
    assert "more than was claimed" in sentences(broken)[0]
    assert "leaks more than it claims" in "\n".join(_attacked(broken))
    assert "leaks more" not in "\n".join(_attacked(audit))


def test_the_card_of_a_model_nobody_attacked_says_nothing_of_attacks():
    assert _attacked(None) == []


def test_the_page_is_whole_and_its_text_is_escaped(audit):
    page = render_audit("A model", audit)
    assert "<b>" not in page.split("<style>")[0] + page.split("</style>")[1].split("<script>")[0]
    for part in ("Was a record among the training rows?", "One training with canaries", "Records from gradients"):
        assert part in page


def test_images_have_pictures_and_no_canaries(audit):
    found = {
        "of": "images",
        "images": 1,
        "ssim": {"plain": 0.8, "protected": 0.01},
        "psnr": {"plain": 20.0, "protected": 8.0},
        "protection": {"clip": 1.0, "noise_multiplier": 1.1},
    }
    images = audit | {"epsilon_measured": None, "canaries": None, "inversion": found}
    page = render_audit("A model", images, [Picture(b"png", "what", "how")])
    assert "data:image/png;base64,cG5n" in page
    assert "keep this page where the records are" in page
    assert "One training with canaries" not in page
    assert "0.80" in "\n".join(_attacked(images))
