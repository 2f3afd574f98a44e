"""Chance that repeats: the same seed gives the same draws on every machine and Python."""

# The demo's draws are neither secret nor ambient: a seed is handed in, and only here.
from collections.abc import Mapping, Sequence
from random import Random  # noqa: TID251 - seeded by the caller, never from the machine
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Draws of one seed. Only `Random.random()` is used, which Python promises not to change."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed).random  # noqa: S311 - invented people need no secrecy

    def share(self) -> float:
        """Return a number from 0 to below 1, each as likely."""
        return self._random()

    def chance(self, share: float) -> bool:
        """Return True in `share` of all draws."""
        return self._random() < share

    def between(self, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`, each as likely."""
        return least + int(self._random() * (most - least + 1))

    def pick(self, options: Sequence[T]) -> T:
        """Return one of `options`, each as likely."""
        return options[int(self._random() * len(options))]

    def weighted(self, weights: Mapping[T, float]) -> T:
        """Return a key of `weights`, as likely as its weight."""
        left = self._random() * sum(weights.values())
        for option, weight in weights.items():
            left -= weight
            if left < 0:
                return option
        return option

    def some(self, options: Sequence[T], share: float) -> list[T]:
        """Return those of `options`, in order, that `chance(share)` falls on."""
        return [option for option in options if self.chance(share)]
