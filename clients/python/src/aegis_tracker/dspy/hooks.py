"""What DSPy calls: the hooks of one `track` block, which do nothing any more once the block has ended.

DSPy copies its settings, and with them the hooks, into threads, tasks and other settings; it cannot be known who holds
them when the block ends. Forked processes have copies of them as well. Those do nothing: several would report one
phase, and a lock of the block may have been held by a thread that the copy does not have.
"""

import os
from typing import Any

from aegis_tracker.dspy.callback_support import BaseCallback
from aegis_tracker.dspy.followed_block import FollowedBlock


class Hooks(BaseCallback):
    """DSPy's callbacks of one block. A copy is the same hooks; unpickled hooks are not active."""

    def __init__(self, block: FollowedBlock | None = None) -> None:
        self._block = block
        self._pid = os.getpid()

    @property
    def is_active(self) -> bool:
        """Whether their block has not ended, and is one of this process."""
        return self._block is not None and self._pid == os.getpid()

    def detach(self) -> None:
        """The block has ended."""
        self._block = None

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An optimiser starts."""
        self._dispatch("compile_started", call_id, instance, inputs)

    def on_compile_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """An optimiser ended."""
        self._dispatch("compile_ended", call_id, outputs, exception)

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An evaluation starts."""
        self._dispatch("evaluation_started", call_id, instance, inputs)

    def on_evaluate_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """An evaluation ended."""
        self._dispatch("evaluation_ended", call_id, outputs, exception)

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A program is called."""
        self._dispatch("module_started", call_id, instance)

    def on_module_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """A program was called."""
        self._dispatch("module_ended", call_id, outputs)

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A language model is called."""
        self._dispatch("model_called", call_id, instance)

    def on_lm_end(self, call_id: str, outputs: dict[str, Any] | None, exception: BaseException | None = None) -> None:
        """A language model was called."""
        self._dispatch("model_answered", call_id, outputs, exception)

    def __copy__(self) -> "Hooks":
        return self

    def __deepcopy__(self, memo: object) -> "Hooks":
        return self

    def __reduce__(self) -> tuple[type["Hooks"], tuple[()]]:
        return Hooks, ()

    def _dispatch(self, event: str, *arguments: Any) -> None:
        block = self._block
        if block is None or not self.is_active:
            return
        try:
            getattr(block, event)(*arguments)
        except Exception as error:  # noqa: BLE001 - a fault of ours, or a DSPy that works in another way
            block.follow_without_fraction(error)
