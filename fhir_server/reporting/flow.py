"""What can be worked out about one count from those that are shown: bounds by maximum flow.

Counts that add up are the flow of a network: an edge is a count, a node says that what comes in
goes out. Counts that are shown are fixed, the others are whole numbers from 0 up. Which values a
hidden count can take is then exactly an interval, whose ends are maximum flows of the residual
graph (flows of whole numbers: the theorem of Ford and Fulkerson,
https://doi.org/10.4153/CJM-1956-045-5).
"""

from collections import deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

UNBOUNDED = 1 << 60

# node -> node -> by how much the flow from the one to the other can still rise
Residual = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A count of `value` that flows from `tail` to `head`; `free` if it is hidden.

    Whoever looks on knows of a free one only that it is between 0 and `most`.
    """

    tail: str
    head: str
    value: int
    free: bool
    most: int = UNBOUNDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """The whole numbers from `lo` to `hi`, both included."""

    lo: int
    hi: int

    def union(self, other: "Interval") -> "Interval":
        """Return the interval of both, which have a value in common."""
        return Interval(lo=min(self.lo, other.lo), hi=max(self.hi, other.hi))

    def shifted(self, by: int) -> "Interval":
        """Return the interval with `by` added to both ends."""
        return Interval(lo=self.lo + by, hi=self.hi + by)


def bounds(network: Mapping[Hashable, Edge], name: Hashable) -> Interval:
    """Return the values that the count `name` takes over all flows that fit what is shown.

    An upper end of `UNBOUNDED` or more means that there is none.
    """
    edge = network[name]
    if not edge.free:
        return Interval(lo=edge.value, hi=edge.value)
    others = [other for other in network.values() if other is not edge]
    down = _most(_residual(others), edge.tail, edge.head, edge.value)
    up = _most(_residual(others), edge.head, edge.tail, edge.most - edge.value)
    return Interval(lo=edge.value - down, hi=edge.value + up)


def _residual(edges: Iterable[Edge]) -> Residual:
    graph: Residual = {}
    for edge in edges:
        if edge.free:
            _widen(graph, edge.tail, edge.head, edge.most - edge.value)
            _widen(graph, edge.head, edge.tail, edge.value)
    return graph


def _widen(graph: Residual, tail: str, head: str, by: int) -> None:
    heads = graph.setdefault(tail, {})
    heads[head] = heads.get(head, 0) + by


def _most(graph: Residual, source: str, sink: str, limit: int) -> int:
    """Return the most that flows from `source` to `sink`, at most `limit`; `graph` is used up."""
    total = 0
    while total < limit and (path := _shortest(graph, source, sink)):
        step = min(limit - total, *(graph[tail][head] for tail, head in path))
        for tail, head in path:
            _widen(graph, tail, head, -step)
            _widen(graph, head, tail, step)
        total += step
    return total


def _shortest(graph: Residual, source: str, sink: str) -> list[tuple[str, str]]:
    came_from = {source: source}
    waiting = deque([source])
    while waiting:
        node = waiting.popleft()
        for head, room in graph.get(node, {}).items():
            if room > 0 and head not in came_from:
                came_from[head] = node
                waiting.append(head)
    path: list[tuple[str, str]] = []
    node = sink
    while node in came_from and node != source:
        path.append((came_from[node], node))
        node = came_from[node]
    return path
