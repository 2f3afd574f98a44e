"""Units of UCUM, as far as quantities of care are measured in them.

https://ucum.org/ucum ; the grammar is whole (products, quotients, exponents, prefixes,
annotations), the table of atoms is of those in common use. What is counted in arbitrary units
({[iU]}, mol, pH) is a dimension of its own.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

Dimensions = tuple[tuple[str, int], ...]
# No unit in use has a higher exponent, and a number with one may not grow without end.
_MOST_EXPONENT = 30
_MOST_CHARACTERS = 128

_PREFIXES = {
    "Y": 24, "Z": 21, "E": 18, "P": 15, "T": 12, "G": 9, "M": 6, "k": 3, "h": 2, "da": 1,
    "d": -1, "c": -2, "m": -3, "u": -6, "n": -9, "p": -12, "f": -15, "a": -18, "z": -21, "y": -24,
}  # fmt: skip
# Dimensions of their own.
_BASES = frozenset(
    {"m", "s", "g", "rad", "K", "C", "cd", "mol", "[iU]", "[arb'U]", "[USP'U]", "[pH]", "B",
     "[CFU]", "[PFU]", "[ELU]", "[AU]", "[HPF]", "[LPF]", "[CCID_50]", "[TCID_50]", "[EID_50]"}
)  # fmt: skip
_METRIC_BASES = frozenset({"m", "s", "g", "rad", "K", "C", "cd", "mol", "[iU]", "B"})
# (value, unit) of the atoms that take prefixes.
_METRIC = {
    "Cel": ("1", "K"), "sr": ("1", "rad2"), "Hz": ("1", "/s"), "N": ("1", "kg.m/s2"),
    "Pa": ("1", "N/m2"), "J": ("1", "N.m"), "W": ("1", "J/s"), "A": ("1", "C/s"),
    "V": ("1", "J/C"), "F": ("1", "C/V"), "Ohm": ("1", "V/A"), "S": ("1", "A/V"),
    "Wb": ("1", "V.s"), "T": ("1", "Wb/m2"), "H": ("1", "Wb/A"), "lm": ("1", "cd.sr"),
    "lx": ("1", "lm/m2"), "Bq": ("1", "/s"), "Gy": ("1", "J/kg"), "Sv": ("1", "J/kg"),
    "l": ("1", "dm3"), "L": ("1", "dm3"), "t": ("1000", "kg"), "bar": ("100000", "Pa"),
    "kat": ("1", "mol/s"), "U": ("1", "umol/min"), "cal": ("4.184", "J"), "eq": ("1", "mol"),
    "osm": ("1", "mol"), "u": ("1.66053906660e-24", "g"), "eV": ("1.602176634e-19", "J"),
    "m[Hg]": ("133322", "Pa"), "m[H2O]": ("9806.65", "Pa"), "G": ("1/10000", "T"),
    "Ci": ("37000000000", "Bq"), "RAD": ("1/100", "Gy"), "REM": ("1/100", "Sv"),
    "dyn": ("1/100000", "N"), "erg": ("1/10000000", "J"), "P": ("1/10", "Pa.s"),
    "St": ("1/10000", "m2/s"), "ar": ("100", "m2"), "g%": ("10", "g/l"), "[IU]": ("1", "[iU]"),
}  # fmt: skip
# (value, unit) of those that take none.
_PLAIN = {
    "%": ("1/100", "1"), "[ppth]": ("1/1000", "1"), "[ppm]": ("1/1000000", "1"),
    "[ppb]": ("1/1000000000", "1"), "10*": ("10", "1"), "10^": ("10", "1"),
    "[pi]": ("3.1415926535897932384626433832795028841971693993751", "1"),
    "deg": ("3.1415926535897932384626433832795028841971693993751/180", "rad"),
    "min": ("60", "s"), "h": ("60", "min"), "d": ("24", "h"), "wk": ("7", "d"),
    "a": ("365.25", "d"), "a_j": ("365.25", "d"), "mo": ("30.4375", "d"), "mo_j": ("30.4375", "d"),
    "[in_i]": ("2.54", "cm"), "[ft_i]": ("12", "[in_i]"), "[yd_i]": ("3", "[ft_i]"),
    "[mi_i]": ("5280", "[ft_i]"), "[nmi_i]": ("1852", "m"), "[sin_i]": ("1", "[in_i]2"),
    "[sft_i]": ("1", "[ft_i]2"), "[cin_i]": ("1", "[in_i]3"), "[cft_i]": ("1", "[ft_i]3"),
    "[gr]": ("64.79891", "mg"), "[lb_av]": ("7000", "[gr]"), "[oz_av]": ("1/16", "[lb_av]"),
    "[ston_av]": ("2000", "[lb_av]"), "[stone_av]": ("14", "[lb_av]"),
    "[dr_av]": ("1/16", "[oz_av]"), "[lb_tr]": ("5760", "[gr]"), "[oz_tr]": ("480", "[gr]"),
    "[gal_us]": ("231", "[in_i]3"), "[qt_us]": ("1/4", "[gal_us]"), "[pt_us]": ("1/2", "[qt_us]"),
    "[foz_us]": ("1/16", "[pt_us]"), "[cup_us]": ("16", "[tbs_us]"),
    "[tbs_us]": ("1/2", "[foz_us]"), "[tsp_us]": ("1/3", "[tbs_us]"), "[drp]": ("1/20", "ml"),
    "[lbf_av]": ("4.4482216152605", "N"), "[psi]": ("1", "[lbf_av]/[sin_i]"),
    "[Cal]": ("1", "kcal"), "[Btu]": ("1055.05585262", "J"), "[HP]": ("745.69987158227022", "W"),
    "[diop]": ("1", "/m"), "[car_m]": ("1/5", "g"), "atm": ("101325", "Pa"),
    "[in_i'Hg]": ("25.4", "mm[Hg]"), "[kn_i]": ("1", "[nmi_i]/h"), "'": ("1/60", "deg"),
    "''": ("1/3600", "deg"), "[degF]": ("5/9", "K"),
}  # fmt: skip
# What is to be added, in kelvin, to a temperature that stands alone.
_OFFSETS = {"Cel": Fraction("273.15"), "[degF]": Fraction("459.67") * 5 / 9}

_TOKEN = re.compile(
    r"(?P<note>\{[^{}]*\})|(?P<symbol>[./()])"
    r"|(?P<atom>10[*^]|(?:[A-Za-z%_']|\[[^\[\]]*\])+)(?P<exponent>[+-]?\d+)?|(?P<number>\d+)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """`factor` times the product of the base units `dimensions`; `offset` in the base unit."""

    factor: Fraction
    dimensions: Dimensions = ()
    offset: Fraction = Fraction(0)

    def times(self, other: "Unit", power: int = 1) -> "Unit":
        """Return the product with a power of `other`."""
        exponents = dict(self.dimensions)
        for base, exponent in other.dimensions:
            exponents[base] = exponents.get(base, 0) + exponent * power
        return Unit(
            factor=self.factor * other.factor**power,
            dimensions=tuple(sorted((base, e) for base, e in exponents.items() if e)),
        )

    @property
    def canonical(self) -> str:
        """Return the product of the base units, as UCUM writes it."""
        names = [base if e == 1 else f"{base}{e}" for base, e in self.dimensions]
        return ".".join(names) or "1"


ONE = Unit(factor=Fraction(1))


class _UnknownUnitError(ValueError):
    """The text is no unit, or not one of the table."""


@lru_cache(maxsize=1024)
def parse_unit(text: str) -> Unit | None:
    """Return what `text` measures, None where it is not known here."""
    if len(text) > _MOST_CHARACTERS:
        return None
    offset = _OFFSETS.get(text, Fraction(0))
    try:
        found = _whole(text)
    except _UnknownUnitError:
        return None
    return Unit(factor=found.factor, dimensions=found.dimensions, offset=offset)


def _whole(text: str) -> Unit:
    tokens = _tokens(text)
    unit, rest = _term(tokens)
    if rest:
        raise _UnknownUnitError(text)
    return unit


def _tokens(text: str) -> list[re.Match[str]]:
    found: list[re.Match[str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _UnknownUnitError(text)
        found.append(match)
        position = match.end()
    return found


def _term(tokens: list[re.Match[str]]) -> tuple[Unit, list[re.Match[str]]]:
    """Return the product up to the end or a closing parenthesis, and the tokens left."""
    unit, power = ONE, 1
    if tokens and tokens[0]["symbol"] == "/":
        power, tokens = -1, tokens[1:]
    while True:
        part, tokens = _component(tokens)
        unit = unit.times(part, power)
        if not tokens or tokens[0]["symbol"] not in {".", "/"}:
            return unit, tokens
        power = -1 if tokens[0]["symbol"] == "/" else 1
        tokens = tokens[1:]


def _component(tokens: list[re.Match[str]]) -> tuple[Unit, list[re.Match[str]]]:
    if not tokens:
        raise _UnknownUnitError
    token, rest = tokens[0], tokens[1:]
    if token["symbol"] == "(":
        unit, rest = _term(rest)
        if not rest or rest[0]["symbol"] != ")":
            raise _UnknownUnitError
        return unit, rest[1:]
    unit = _simple(token)
    return unit, rest[1:] if rest and rest[0]["note"] else rest


def _simple(token: re.Match[str]) -> Unit:
    if token["note"]:
        return ONE
    if token["number"]:
        if token["number"].strip("0") == "":
            raise _UnknownUnitError
        return Unit(factor=Fraction(token["number"]))
    if not token["atom"]:
        raise _UnknownUnitError
    exponent = int(token["exponent"] or 1)
    if abs(exponent) > _MOST_EXPONENT:
        raise _UnknownUnitError
    return ONE.times(_atom(token["atom"]), exponent)


@lru_cache(maxsize=1024)
def _atom(name: str) -> Unit:
    if name in _BASES:
        return Unit(factor=Fraction(1), dimensions=((name, 1),))
    if found := _PLAIN.get(name) or _METRIC.get(name):
        return _defined(*found)
    for prefix, exponent in _PREFIXES.items():
        rest = name.removeprefix(prefix)
        if rest != name and (rest in _METRIC or rest in _METRIC_BASES):
            scale = Unit(factor=Fraction(10) ** exponent)
            return scale.times(_atom(rest))
    raise _UnknownUnitError(name)


def _defined(value: str, unit: str) -> Unit:
    numerator, _, denominator = value.partition("/")
    factor = Fraction(numerator) / Fraction(denominator or 1)
    return Unit(factor=factor).times(_whole(unit))
