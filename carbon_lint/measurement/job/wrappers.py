"""Find the program that a command really runs, behind `env`, `sudo`, `timeout`, `sh -c` and similar commands."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """How a program that starts another one reads its arguments."""

    valued: frozenset[str] = frozenset()  # options that take the next word as their value
    operands: int = 0  # words before the wrapped command, such as the duration of `timeout`
    keeps: bool = False  # it changes who or where the program is: a second call must go through it, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program that a command runs, with its arguments."""

    words: tuple[str, ...]
    prefix: tuple[str, ...] = ()  # the words before it that a second call of the program needs too
    wrappers: tuple[str, ...] = ()  # names of the programs before it
    start: int | None = None  # index of the program in the command; `None` if it is in the script of a shell

    @property
    def name(self) -> str:
        """Return the program's name without its folder."""
        return os.path.basename(self.words[0])


def word_set(text: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(text.split())


_WRAPPERS = {
    "env": Wrapper(valued=word_set("-u --unset -C --chdir"), keeps=True),
    "sudo": Wrapper(
        valued=word_set("-u --user -g --group -h --host -p --prompt -C -D --chdir -R --chroot -T -U -r -t"), keeps=True
    ),
    "doas": Wrapper(valued=word_set("-u -C"), keeps=True),
    "timeout": Wrapper(valued=word_set("-k --kill-after -s --signal"), operands=1),
    "nice": Wrapper(valued=word_set("-n --adjustment")),
    "ionice": Wrapper(valued=word_set("-c --class -n --classdata")),
    "stdbuf": Wrapper(valued=word_set("-i --input -o --output -e --error")),
    "time": Wrapper(valued=word_set("-f --format -o --output")),
    "taskset": Wrapper(operands=1),
    "chrt": Wrapper(operands=1),
    "numactl": Wrapper(valued=word_set("-N --cpunodebind -m --membind -C --physcpubind -i --interleave -p")),
    **{name: Wrapper() for name in ("nohup", "setsid", "exec", "command")},
}
_SHELLS = {"sh", "bash", "dash", "zsh", "ksh", "ash"}
_KEYWORDS = {"if", "then", "else", "elif", "while", "until", "do", "!", "{", "("}
_OPERATOR = re.compile(r"[;&|()\n]+")
_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_HEREDOC = re.compile(r"(<<-?\s*(['\"]?)(\w+)\2.*\n)(?:.*\n)*?\s*\3$", re.MULTILINE)
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")


def programs(command: Sequence[str]) -> Iterator[Program]:
    """Yield the program that a command runs, or those of its script if that is a shell's `-c`."""
    found = _unwrapped(tuple(command), 0)
    if found is None:
        return
    script = script_index(found.words)
    if script is None:
        yield found
        return
    for words in _simple_commands(found.words[script]):
        inner = _unwrapped(words, 0)
        if inner is not None:
            yield Program(
                words=inner.words, prefix=(*found.prefix, *inner.prefix), wrappers=(*found.wrappers, *inner.wrappers)
            )


def script_index(words: Sequence[str]) -> int | None:
    """Return where the script of `sh -c SCRIPT` is; `None` if it is not such a call."""
    if os.path.basename(words[0]) not in _SHELLS:
        return None
    index = 1
    while index < len(words) and words[index].startswith("-"):
        is_short = not words[index].startswith("--")
        if is_short and words[index].endswith("c"):
            return index + 1 if index + 1 < len(words) else None
        index += 2 if is_short and words[index].endswith(("o", "O")) else 1  # -o pipefail
    return None


def after_options(words: Sequence[str], index: int, valued: frozenset[str]) -> int:
    """Return the index of the first word from `index` on that is neither an option nor an option's value."""
    while index < len(words) and words[index].startswith("-") and words[index] != "-":
        if words[index] == "--":
            return index + 1
        index += 2 if words[index] in valued else 1
    return index


def _unwrapped(words: tuple[str, ...], index: int) -> Program | None:
    start = index
    prefix: list[str] = []
    wrappers: list[str] = []
    while True:
        while index < len(words) and (_ASSIGNMENT.match(words[index]) or words[index] in _KEYWORDS):
            index += 1
        if index >= len(words):
            return None
        assigned = [word for word in words[start:index] if word not in _KEYWORDS]
        prefix += ["env", *assigned] if assigned and not prefix else assigned
        name = os.path.basename(words[index])
        wrapper = _WRAPPERS.get(name)
        if wrapper is None:
            return Program(words=words[index:], prefix=tuple(prefix), wrappers=tuple(wrappers), start=index)
        wrappers.append(name)
        start = index
        index = after_options(words, index + 1, wrapper.valued) + wrapper.operands
        if wrapper.keeps:
            prefix += [*words[start:index], *(["-n"] if name in {"sudo", "doas"} else [])]
        start = index


def _simple_commands(script: str) -> list[tuple[str, ...]]:
    """Split a script at its operators. A script that cannot be read holds no command."""
    script = _HEREDOC.sub(r"\1", _COMMENT.sub("", script)).replace("\\\n", " ")
    lexer = shlex.shlex(script, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    commands: list[tuple[str, ...]] = []
    words: list[str] = []
    try:
        for token in lexer:
            if _OPERATOR.fullmatch(token):
                commands.append(tuple(words))
                words = []
            else:
                words.append(token)
    except ValueError:
        return []
    return [found for found in (*commands, tuple(words)) if found]
