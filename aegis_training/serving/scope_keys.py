"""Keys of the ASGI scope and the WSGI environ by which server and application tell each other something."""

from typing import Final

# Scope: a function that ends the connection, whatever it is doing. The server sets it.
ABORT: Final = "aegis.abort"

# Environ: an Event that is set when the client has disconnected or stopped reading. `WsgiInThreads` sets it.
CLIENT_GONE: Final = "aegis.client_gone"

# State of the lifespan: an async function that ends long responses. `Lifespan` sets it for the server's shutdown.
BEFORE_SHUTDOWN: Final = "aegis.before_shutdown"
