"""Fields that all events have."""

from datetime import datetime
from typing import Annotated, Final

import msgspec

N_MAX: Final = 2**63 - 1

Number = Annotated[int, msgspec.Meta(ge=1, le=N_MAX, description="1, 2, 3 … in the order of the run, without gaps.")]
Time = Annotated[datetime, msgspec.Meta(tz=True, description="When it happened, by the reporter's clock.")]
