"""Why a process was told to end, so that the failure of its run names the signal and not what followed from it."""

_CAUSES_MAX = 100  # somebody may have made them a circle


class StopReason:
    """The last signal that asked the program to end, until the program goes on."""

    def __init__(self) -> None:
        self._requested: tuple[str, BaseException | None] | None = None

    @property
    def text(self) -> str | None:
        """The text of the signal. None if there was none."""
        return self._requested[0] if self._requested is not None else None

    def note(self, text: str, error: BaseException | None) -> None:
        """A signal came. `error` is what the program's handler raised, None without a handler."""
        self._requested = text, error

    def forget(self) -> None:
        """The program goes on, whatever its handler did."""
        self._requested = None

    def of(self, error: BaseException | str) -> BaseException | str:
        """The reason for a run's failure: the signal if `error` was raised because of it, else `error`."""
        if self._requested is None or isinstance(error, str):
            return error
        text, raised = self._requested
        cause: BaseException | None = error
        for _ in range(_CAUSES_MAX):
            if cause is None:
                return error
            if cause is raised:
                return text
            cause = cause.__cause__ or cause.__context__
        return error
