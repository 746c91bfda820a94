"""How many viewers one process takes. Counted across threads: streams are opened in the WSGI threads."""

import threading
from collections.abc import Callable

from django.conf import settings

from training_status.errors import Unavailable

_RETRY_AFTER_S = 10


class Places:
    """Places for viewers; `is_open` false: the process is about to end, and takes nobody."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taken = 0
        self.is_open = True

    def take(self) -> Callable[[], None]:
        """Take a place; what is returned gives it back. Raises Unavailable."""
        with self._lock:
            if not self.is_open:
                raise Unavailable("The service is being restarted.", retry_after_s=1)
            if self._taken >= settings.STREAM_VIEWERS_MAX:
                raise Unavailable(
                    f"This process has as many viewers as it takes, {settings.STREAM_VIEWERS_MAX}.",
                    retry_after_s=_RETRY_AFTER_S,
                )
            self._taken += 1
        return self._give_back

    def _give_back(self) -> None:
        with self._lock:
            self._taken -= 1


places = Places()
