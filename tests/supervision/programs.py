"""Programs for a supervisor to keep, as ``python -c`` runs them."""

import sys

STEADY = [sys.executable, "-c", "import signal; print('here', flush=True); signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('here', flush=True)\n"
    "while True: signal.pause()",
]
FAILING = [sys.executable, "-c", "import sys; sys.exit('error: the port is taken')"]
WITH_CHILD = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys; child = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
    " print(child.pid, flush=True); signal.pause()",
]
