"""Logs do not grow for ever, and what a process says is not lost."""

from fedcare.supervision import logs


def test_a_long_log_is_put_aside_and_the_writer_goes_on(tmp_path):
    path = tmp_path / "gateway.log"
    with logs.open_log(path) as log:
        log.write(b"old\n" * 1000)
        log.flush()
        logs.trim(path, limit=100)
        log.write(b"new\n")
    assert path.read_text() == "new\n"
    aside = path.with_name("gateway.log.1")
    assert aside.read_text() == "old\n" * 1000
    assert aside.stat().st_mode & 0o077 == 0


def test_a_short_log_stays(tmp_path):
    path = tmp_path / "a.log"
    logs.note(path, "began")
    logs.trim(path)
    assert path.read_text().endswith("fedcare: began\n")
    assert not path.with_name("a.log.1").exists()


def test_the_last_words_are_those_since_the_start(tmp_path):
    path = tmp_path / "a.log"
    assert logs.last_line(path) == ""
    path.write_text("error: earlier\n")
    start = path.stat().st_size
    assert logs.last_line(path, start) == ""
    path.write_text("error: earlier\nTraceback\nerror: now\n\n")
    assert logs.last_line(path, start) == "error: now"
