"""The grid before a server that was started anew, and knows neither the task nor the run."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fedcare.federation.run.flower_run import FlowerRun
from fedcare.federation.run.link import Link


@pytest.fixture(params=[401, 403])
def forgetful(request):
    """The address of a server that takes nobody's token."""

    class Refusing(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(request.param)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_that_does_not_know_the_task_is_away_and_no_end_of_the_process(forgetful, tmp_path):
    run = FlowerRun(tmp_path, "hash", "run")
    run.grid.turn_to(forgetful, "token")
    link = Link(run.grid)
    assert link.nodes() is None and link.away
    assert not run._disowned
    assert run._tell_alive(run.grid._runtime_client), "a beat that is refused is no reason to try it again"
    assert run._disowned and run.is_lost()
    run.grid.close()
