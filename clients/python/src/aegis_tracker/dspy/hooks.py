"""What DSPy calls: the hooks of one `track` block, which hear nothing any more once the block has ended.

DSPy copies its settings, and with them the hooks, into threads, tasks and other settings; nobody knows who holds
them when the block ends.
"""

from typing import Any

from aegis_tracker.dspy.callback_support import BaseCallback
from aegis_tracker.dspy.followed_block import FollowedBlock


class Hooks(BaseCallback):
    """DSPy's callbacks of one block. A copy is the same hooks; what comes out of a pickle is deaf."""

    def __init__(self, block: FollowedBlock | None = None) -> None:
        self._block = block

    @property
    def are_deaf(self) -> bool:
        """Whether their block has ended."""
        return self._block is None

    def let_go(self) -> None:
        """The block has ended."""
        self._block = None

    def on_compile_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An optimiser begins."""
        self._hear("compile_starts", call_id, instance, inputs)

    def on_compile_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """An optimiser ended."""
        self._hear("compile_ends", call_id, outputs, exception)

    def on_evaluate_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """An evaluation begins."""
        self._hear("evaluation_starts", call_id, instance, inputs)

    def on_evaluate_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """An evaluation ended."""
        self._hear("evaluation_ends", call_id, outputs, exception)

    def on_module_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:
        """A program is called."""
        self._hear("module_starts", call_id, instance)

    def on_module_end(self, call_id: str, outputs: Any | None, exception: BaseException | None = None) -> None:
        """A program was called."""
        self._hear("module_ends", call_id, outputs)

    def __copy__(self) -> "Hooks":
        return self

    def __deepcopy__(self, memo: object) -> "Hooks":
        return self

    def __reduce__(self) -> tuple[type["Hooks"], tuple[()]]:
        return Hooks, ()

    def _hear(self, event: str, *arguments: Any) -> None:
        block = self._block
        if block is None:
            return
        try:
            getattr(block, event)(*arguments)
        except Exception as error:  # noqa: BLE001 - a fault of ours, or a DSPy that works in another way
            self.let_go()
            block.gives_up(error)
