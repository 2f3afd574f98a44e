"""Whether the rare selectors of a provision match a resource.

Doubt narrows a permit and widens a denial: a date that is not known is not within what is
permitted, and may be within what is denied (domain research 4.2).
"""

from fhir_server.consent.model import Address, Content, Meaning, Narrowing


def concerns(narrowing: Narrowing, content: Content, *, permit: bool) -> bool:
    """Return whether a provision that permits, or denies, speaks of the resource."""
    return (
        (narrowing.codes is None or _has_code(narrowing.codes, content, permit=permit))
        and (narrowing.classes is None or _is_of(narrowing.classes, content))
        and (narrowing.period is None or _is_within(narrowing.period, content, permit=permit))
        and (
            narrowing.data is None
            or any(
                _is_data(meaning, address, content, permit=permit)
                for meaning, address in narrowing.data
            )
        )
    )


def _has_code(codes: frozenset[tuple[str, str]], content: Content, *, permit: bool) -> bool:
    """Return whether one is found in the resource; one without a system denies whatever has it."""
    if codes & content.codings:
        return True
    bare = frozenset() if permit else {code for system, code in codes if not system}
    return any(code in bare for _, code in content.codings)


def _is_of(classes: tuple[frozenset[int], frozenset[str]], content: Content) -> bool:
    types, profiles = classes
    return content.type_id in types or bool(profiles & content.profiles)


def _is_within(period: tuple[int, int], content: Content, *, permit: bool) -> bool:
    if content.period is None:
        return not permit
    (first, last), (lo, hi) = period, content.period
    return first <= lo and hi <= last if permit else lo < last and first < hi


def _is_data(meaning: Meaning, address: Address, content: Content, *, permit: bool) -> bool:
    """Return whether the resource is among the data that is meant.

    R4's `related` goes from the instance to what it refers to; a denial goes both ways.
    """
    if meaning is Meaning.AUTHORED_BY:
        return address in content.authors
    if content.address == address:
        return True
    match meaning:
        case Meaning.RELATED:
            return address in content.referred_by or (not permit and address in content.refers_to)
        case Meaning.DEPENDENTS:
            return address in content.refers_to
        case _:
            return False
