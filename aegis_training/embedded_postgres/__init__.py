"""A PostgreSQL that runs beside the processes that need one, and stops after the last of them.

`ensure_server` is all that callers need. How it keeps its promise:

* Every process that called `ensure_server` holds a shared kernel lock on `users.lock`. The kernel releases it
  however the process ends.
* One detached *keeper* process (`owner_process.py`) owns the server. It waits for the exclusive lock on
  `users.lock`; having it means that nobody uses the server any more, so the keeper stops the server and ends.
* The server's own processes hold `server.lock`, so whether one of them is left is a question to the kernel,
  not to a file that a crash may have left behind.

`layout.py` names all files and locks.
"""

from .errors import EmbeddedPostgresError
from .server_start import ServerAddress, ensure_server, start_server, trouble_of

__all__ = ["EmbeddedPostgresError", "ServerAddress", "ensure_server", "start_server", "trouble_of"]
