"""What programs print, made by chance from a seed."""

import random
from collections.abc import Iterator

LINE_ENDS = ("\n", "\n", "\n", "\r\n", "\r\r\n", "\r\r\r\n", " \n", "\n\n", "\r\n\r\n")
WORDS = (
    "epoch",
    "loss",
    "0.25",
    "f1=0.91",
    "größer",
    "日本語",
    "⠋",
    "a\tb",
    "  ",
    "\v",
    "\f",
    "\x00",
    "\u2028",
    "\x85",
    "{",
    "🎉",
)
AROUND = (
    "\x1b[31m", "\x1b[0m", "\x1b[38;5;197m", "\x1b[38:2::1:2:3m", "\x1b]0;title\x07", "\x1b]2;title\x1b\\",
    "\x1b]8;;https://example.org/\x1b\\", "\x1b]8;;\x1b\\", "\x1b_Gf=100;QUJD\x1b\\", "\x1bP1;2|payload\x1b\\",
    "\x1b^private\x1b\\", "\x1bXstring\x1b\\", "\x1b(B", "\x1b=", "\x07", "\x1b[?2004h",
)  # fmt: skip


def pieces(chance: random.Random, text: str, size: int) -> Iterator[str]:
    """The text, split at any places."""
    at = 0
    while at < len(text):
        end = at + chance.randint(1, size)
        yield text[at:end]
        at = end


def lines(chance: random.Random, count: int) -> str:
    """So many lines, with bars in between; the last one is ordinary."""
    made = []
    while len(made) < count:
        kind = chance.random()
        if kind < 0.9:
            made.append(line(chance))
        else:
            made.append(chance.choice((bar, edited, nested_bars, live_bars, unterminated))(chance))
    return "".join([*made, "the end\n"])


def line(chance: random.Random) -> str:
    return words(chance) + chance.choice(LINE_ENDS)


def words(chance: random.Random) -> str:
    made = [chance.choice(WORDS) for _ in range(chance.randint(0, 3))]
    if chance.random() < 0.3:
        made.insert(chance.randint(0, len(made)), chance.choice(AROUND))
    return " ".join(made)


def unterminated(chance: random.Random) -> str:
    """An escape string that ends with its line."""
    return f"{words(chance)}\x1b{chance.choice(']PX^_')}payload{chance.choice(LINE_ENDS)}"


def edited(chance: random.Random) -> str:
    """A line with its end written again."""
    back = chance.randint(1, 4)
    again = chance.choice(("\b" * back, f"\x1b[{back}D", "\x1b[3G", "\r\x1b[K", "\x1b[2K\r", "\r\x1b[5C"))
    return f"counting: 10 %{again}{chance.randint(0, 99)}{chance.choice(LINE_ENDS)}"


def bar(chance: random.Random) -> str:
    """As many programs draw one, each frame after a carriage return."""
    frames = "".join(f"\r{chance.choice(AROUND)}{chance.randint(0, 10**6)} {words(chance)}" for _ in range(4))
    return frames + chance.choice(LINE_ENDS)


def nested_bars(chance: random.Random) -> str:
    """As tqdm draws them: down by line feeds, up again after each frame."""
    made = ["\router:   0%"]
    for step in range(chance.randint(1, 4)):
        depth = chance.randint(1, 3)
        for percent in range(3):
            made.append("\n" * depth + f"\rinner {depth}: {percent * 50}%" + "\x1b[A" * depth)
        made.append("".join("\n" * below + f"\r{' ' * 30}" + "\x1b[A" * below for below in range(1, 4)))
        made.append(f"\r{' ' * 30}\r{words(chance)}\n" if chance.random() < 0.3 else "")  # as tqdm.write
        made.append(f"\router: {step * 25}%")
    return "".join([*made, "\n"])


def live_bars(chance: random.Random) -> str:
    """As rich draws them: the cursor hidden, up line by line, each erased."""
    made = ["\x1b[?25l"]
    height = 1
    for step in range(chance.randint(1, 4)):
        made.append(f"{words(chance)}\n" if chance.random() < 0.3 and step else "")
        height = max(height, chance.randint(1, 4))
        made.append("\n".join(f"\x1b[35mtask {number}\x1b[0m {step * 25} %" for number in range(height)))
        made.append("\r\x1b[2K" + "\x1b[1A\x1b[2K" * (height - 1))
    made.append("\n".join(f"task {number} 100 %" for number in range(height)))
    return "".join([*made, "\n\x1b[?25h"])
