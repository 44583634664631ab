"""An image's prediction: nothing of the image stays behind."""

import base64
import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fedcare.data.sources.synthetic_images import generate

ADDRESS = "/api/predictions/imaging"
FILES = Path(__file__).parents[2] / "files"


def picture(kind: str = "PNG", size: int = 40, secret: str = "Mustermann") -> bytes:
    """A grey picture whose header holds a name."""
    pixels = np.random.default_rng(3).integers(0, 255, (size, size), dtype=np.uint8)
    buffer, exif = io.BytesIO(), Image.Exif()
    exif[0x013B] = secret
    Image.fromarray(pixels).save(buffer, kind, exif=exif)
    return buffer.getvalue()


@pytest.fixture
def imaging(serve):
    return serve("imaging")


@pytest.fixture
def look(doctor):
    def ask(content: bytes, **fields):
        return doctor.post(ADDRESS, files={"image": ("Mustermann.png", content, "image/png")}, data=fields)

    return ask


def test_an_image_gets_a_probability_a_heat_map_and_whether_a_human_should_decide(imaging, look):
    answer = look(picture())
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert said["about"] == "cancer" and 0 <= said["value"] <= 1 and isinstance(said["not_sure"], bool)
    assert sum(each["probability"] for each in said["probabilities"]) == pytest.approx(1)
    heat = said["heat_map"]
    assert len(heat["values"]) == heat["rows"] and len(heat["values"][0]) == heat["columns"]
    shown = Image.open(io.BytesIO(base64.b64decode(said["image"])))
    assert shown.size == (28, 28)


def test_the_heat_of_an_image_with_a_low_score_is_weaker_than_that_of_one_with_a_high_score(imaging, look):
    """Scaled to its own maximum each map would be as red as the other."""
    answers = []
    for pixels in generate(40, 28, 0.5, seed=9).records.pixels:
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        answers.append(look(buffer.getvalue(), record="false").json())
    answers.sort(key=lambda answer: answer["value"])
    heats = [max(map(max, answer["heat_map"]["values"])) for answer in answers]
    assert max(heats) <= 1 and np.mean(heats[:8]) < np.mean(heats[-8:]) / 2


def test_a_models_card_names_the_threshold_that_a_prediction_shows(imaging, look, trained):
    card = (trained("imaging") / "card.md").read_text(encoding="utf-8")
    assert f"told apart at a probability of {look(picture()).json()['threshold']:.3g}," in card


def test_noise_is_outside_and_not_sure_and_the_answer_holds_the_ends_of_the_band(imaging, look, doctor):
    said = look(picture()).json()
    assert said["outside"] and said["not_sure"] and said["reasons"]
    assert 0 <= said["unsure_from"] <= said["threshold"] <= said["unsure_to"] <= 1
    (kept,) = doctor.get("/api/predictions/history").json()["items"]
    assert kept["unsure_from"] == said["unsure_from"] and kept["unsure_to"] == said["unsure_to"]


def test_only_the_result_is_kept_and_nothing_of_the_image_is_logged(gateway, imaging, look, add_patient, capfd):
    patient = add_patient()
    made = look(picture("JPEG"), patient_id=patient).json()["id"]
    (row,) = gateway.rows("select * from predictions")
    assert str(row["id"]) == made and str(row["patient_id"]) == patient and row["features"] is None
    assert "image" not in row["result"] and "heat_map" not in row["result"]
    assert "Mustermann" not in str(row)
    assert "Mustermann" not in "".join(capfd.readouterr())


def test_a_large_image_never_becomes_a_file(imaging, look, monkeypatch):
    def refuse(*_: object) -> None:
        raise AssertionError("the image was written to a file")

    monkeypatch.setattr(tempfile.SpooledTemporaryFile, "rollover", refuse)
    content = picture(size=1600)
    assert len(content) > 2**20
    assert look(content, record="false").status_code == 200


def test_dicom_is_read_and_its_header_goes_nowhere(gateway, imaging, look):
    answer = look(dicom())
    assert answer.status_code == 200, answer.text
    assert "Mustermann" not in answer.text and "Mustermann" not in str(gateway.rows("select * from predictions"))


@pytest.mark.parametrize("name", ["htj2k_lossless", "htj2k_lossless_rpcl", "htj2k_lossy"])
def test_high_throughput_jpeg_2000_is_answered_as_the_same_pixels_uncompressed(imaging, look, name):
    compressed = look((FILES / f"{name}.dcm").read_bytes())
    assert compressed.status_code == 200, compressed.text
    y, x = np.mgrid[0:48, 0:64]
    pixels = 45 * x + 15 * y + 400 * ((x - 30) ** 2 + (y - 20) ** 2 < 150)
    plain = look(dicom(pixels.astype(np.uint16), WindowCenter="2048", WindowWidth="4096"))
    np.testing.assert_allclose(shown(compressed), shown(plain), atol=3 if name == "htj2k_lossy" else 0)
    assert compressed.json()["value"] == pytest.approx(plain.json()["value"], abs=0.02)
    assert "Mustermann" not in compressed.text


def shown(answer) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(answer.json()["image"])))).astype(int)


def test_an_image_in_a_file_without_preamble_is_read_and_one_of_several_frames_refused_in_words(imaging, look):
    assert shown(look(dicom()[132:])).tolist() == shown(look(dicom())).tolist()
    answer = look(dicom(NumberOfFrames=3, PixelData=bytes(3 * 32 * 32)))
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "bad_image"
    assert "3 frames" in answer.json()["error"]["message"] and "of its own" in answer.json()["error"]["message"]


def test_an_outcome_of_an_image_is_one_of_its_classes(imaging, look, doctor):
    made = look(picture()).json()["id"]
    place = f"/api/predictions/{made}/outcome"
    assert doctor.put(place, json={"outcome": "cancer"}).json()["outcome"] == "cancer"
    assert doctor.put(place, json={"outcome": 1}).status_code == 422


def test_what_is_no_image_and_a_form_with_wrong_fields_are_refused(serve, imaging, look, add_patient):
    for content in (b"", b"no image", picture()[:200]):
        assert look(content).status_code == 422
    serve("insurance")
    wrong = ({"patient_id": "7"}, {"task": "insurance-cost"}, {"task": "a b"}, {"record": "perhaps"}, {"extra": "1"})
    for fields in wrong:
        assert look(picture(), **fields).status_code == 422
    assert look(picture(), patient_id=add_patient("B")).status_code == 404


def test_a_body_that_is_no_form_is_refused(doctor):
    assert doctor.post(ADDRESS, content=picture(), headers={"Content-Type": "image/png"}).status_code == 415
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert doctor.post(ADDRESS, content=b"nothing of the kind", headers=broken).status_code == 400
    assert doctor.post(ADDRESS, content=b"", headers={"Content-Type": "multipart/form-data"}).status_code == 400
    assert doctor.post(ADDRESS, files={"picture": ("a.png", picture(), "image/png")}).status_code == 422


def test_a_records_task_does_not_take_images_nor_an_images_task_records(imaging, serve, doctor, add_patient):
    serve("insurance")
    for body in ({"features": {}}, {"patient_id": add_patient()}):
        assert doctor.post("/api/predictions", json=body | {"task": "cancer-imaging"}).status_code == 422
    assert doctor.post("/api/predictions/batch", json={"rows": [{}], "task": "cancer-imaging"}).status_code == 422


def dicom(pixels: np.ndarray | None = None, **elements: object) -> bytes:
    """A small DICOM image that names a patient."""
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image = FileDataset("image.dcm", {}, file_meta=meta, preamble=b"\0" * 128)
    image.SOPClassUID, image.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    image.PatientName = "Mustermann^Max"
    pixels = np.random.default_rng(1).integers(0, 255, (32, 32), dtype=np.uint8) if pixels is None else pixels
    bits = pixels.dtype.itemsize * 8
    image.Rows, image.Columns = pixels.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = bits
    image.HighBit, image.PixelRepresentation = bits - 1, 0
    image.PixelData = pixels.tobytes()
    for name, value in elements.items():
        setattr(image, name, value)
    buffer = io.BytesIO()
    image.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


VIEW = f"{ADDRESS}/view"


@pytest.fixture
def see(doctor):
    """What is there to be drawn of a DICOM file, and its values."""

    def ask(content: bytes) -> tuple[dict, np.ndarray]:
        answer = doctor.post(VIEW, files={"image": ("Mustermann.dcm", content)})
        assert answer.status_code == 200, answer.text
        assert "Mustermann" not in answer.text
        drawn = answer.json()
        steps = np.frombuffer(base64.b64decode(drawn["pixels"]), "<u2").reshape(drawn["rows"], drawn["columns"])
        return drawn, drawn["low"] + drawn["step"] * steps

    return ask


def test_a_dicom_is_drawn_in_its_own_size_and_values_and_begins_with_the_files_window(see):
    pixels = (np.arange(48 * 64, dtype=np.uint16) + 7).reshape(48, 64)
    asked = {
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        "WindowCenter": ["40", "600"],
        "WindowWidth": ["400", "9"],
    }
    drawn, values = see(dicom(pixels, **asked))
    assert (values == pixels.astype(float) - 1024).all()
    assert (drawn["centre"], drawn["width"], drawn["inverted"]) == (40, 400, False)
    assert (drawn["least"], drawn["most"]) == (values.min(), values.max())


def test_without_a_window_all_values_but_padding_are_shown_and_the_lowest_is_white_where_the_file_says_so(see):
    pixels = np.full((8, 4), 500, dtype=np.uint16)
    pixels[0, 0], pixels[0, 1], pixels[0, 2] = 0, 100, 900
    drawn, _ = see(dicom(pixels, PixelPaddingValue=0, PhotometricInterpretation="MONOCHROME1"))
    assert (drawn["centre"], drawn["width"], drawn["inverted"]) == (500, 800, True)


def test_fractions_keep_sixteen_bits_and_a_large_image_its_proportion(see):
    pixels = np.random.default_rng(5).integers(0, 4096, (600, 2048), dtype=np.uint16)
    drawn, values = see(dicom(pixels, RescaleSlope="0.25", RescaleIntercept="0"))
    assert (drawn["rows"], drawn["columns"]) == (300, 1024)
    means = pixels.reshape(300, 2, 1024, 2).mean(axis=(1, 3)) / 4
    np.testing.assert_allclose(values, means, atol=1024 / 65535)


def test_what_is_looked_at_leaves_nothing_behind_and_what_is_no_dicom_is_refused(gateway, see, doctor, client):
    before = gateway.rows("select count(*) as n from audit_log")
    see(dicom())
    assert gateway.rows("select * from predictions") == []
    assert gateway.rows("select count(*) as n from audit_log") == before
    for content in (picture(), b"no image", dicom()[:300]):
        refused = doctor.post(VIEW, files={"image": ("a.dcm", content)})
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "bad_image")
    assert doctor.post(VIEW, files={"image": ("a.dcm", dicom())}, data={"task": "x"}).status_code == 422
    assert client("consortium").post(VIEW, files={"image": ("a.dcm", dicom())}).status_code == 403
