"""The tables: documents, keys, and what is derived from each document when it is committed.

storage/README.md explains them with a worked example. A migration creates what stands here;
tests/contract/test_migrations.py holds the two together. Tables of the authorization server and
of background work are declared in modules of their own on the same `metadata`.

Instants are microseconds since 1970 UTC; `owner`, `custodian_id` and the like are
`resource_key.rid`; `owner` 0 is directory data.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

metadata = sa.MetaData()

# Keys are 64 bit; SQLite makes its own row numbers only of a column that is called INTEGER.
BIG = sa.BigInteger()
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Text is compared by its bytes on both databases; case and accents are folded in Python.
TEXT = sa.Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
SMALL = sa.SmallInteger()
BYTES = sa.LargeBinary()

# The end of an interval that has none (search/params/date.py).
OPEN = 2**62
# A flag beside the families in `label_mask`: there are rows in `compartment`.
SHARED = 1 << 30


def _column(name: str, kind: sa.types.TypeEngine[Any], *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable)


resource_key = sa.Table(
    "resource_key",
    metadata,
    sa.Column("rid", SERIAL, primary_key=True, autoincrement=True),
    _column("type_id", SMALL),
    _column("fhir_id", TEXT),
    sa.UniqueConstraint("type_id", "fhir_id", name="resource_key_address"),
)


def _versioned() -> list[sa.Column[Any]]:
    return [
        _column("owner", BIG),
        _column("type_id", SMALL),
        _column("fhir_id", TEXT),
        _column("last_updated", BIG),
        _column("tx", BIG),
        _column("method", TEXT),
        _column("custodian_id", BIG),
        _column("label_mask", sa.Integer()),
        _column("body", BYTES, nullable=True),
        _column("body_own", BYTES, nullable=True),
    ]


# The current version of each resource; a deletion has no body.
resource = sa.Table(
    "resource",
    metadata,
    sa.Column("rid", SERIAL, primary_key=True, autoincrement=False),
    _column("version", sa.Integer()),
    _column("deleted", SMALL),
    *_versioned(),
)
# The versions before: a row moves here when its resource changes.
resource_version = sa.Table(
    "resource_version",
    metadata,
    sa.Column("rid", BIG, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
    _column("deleted", SMALL),
    *_versioned(),
)


def _derived(name: str, key: str, *values: sa.Column[Any]) -> sa.Table:
    """Return a table whose rows belong to one resource.

    SQLite clusters it by `key`, which starts with the resource; PostgreSQL has an index on it.
    """
    table = sa.Table(
        name,
        metadata,
        # Never counted by the database, though it may stand alone in the key.
        sa.Column("rid", BIG, nullable=False, autoincrement=False),
        _column("owner", BIG),
        *values,
        sqlite_with_rowid=False,
        info={"key": tuple(key.split())},
    )
    table.append_constraint(
        sa.PrimaryKeyConstraint(*key.split(), name=f"{name}_key").ddl_if(dialect="sqlite")
    )
    sa.Index(f"{name}_rid", table.c.rid).ddl_if(dialect="postgresql")
    return table


def _index(name: str, table: sa.Table, columns: str) -> None:
    sa.Index(name, *(table.c[column] for column in columns.split()))


def _parameter() -> sa.Column[Any]:
    return _column("param_id", sa.Integer())


# What a resource's values are looked up by. Each has an index that starts with the owner (a
# patient's own queries; and whether a given resource has a given value) and one that starts with
# the parameter (queries over everybody). `system` is a hash, 0 for none (values.py).
ix_token = _derived(
    "ix_token",
    "rid param_id code system",
    _parameter(),
    _column("code", TEXT),
    _column("system", BIG),
)
_index("ix_token_owner", ix_token, "owner param_id code rid system")
_index("ix_token_all", ix_token, "param_id code system owner rid")

# `edge` 1: the least value of its (rid, param_id); 2: the greatest; 3: both; 0: neither.
ix_string = _derived(
    "ix_string",
    "rid param_id normal exact",
    _parameter(),
    _column("normal", TEXT),
    _column("exact", TEXT),
    _column("edge", SMALL),
)
_index("ix_string_owner", ix_string, "owner param_id normal rid edge")
_index("ix_string_all", ix_string, "param_id normal rid owner edge")

# The owner's policy data stand here too, so that a walk by date decides without the document.
ix_date = _derived(
    "ix_date",
    "rid param_id lo hi",
    _parameter(),
    _column("lo", BIG),
    _column("hi", BIG),
    _column("edge", SMALL),
    _column("label_mask", sa.Integer()),
    _column("custodian_id", BIG),
)
_index("ix_date_owner", ix_date, "owner param_id lo rid hi edge label_mask custodian_id")
_index("ix_date_all", ix_date, "param_id lo rid hi edge owner label_mask custodian_id")
# Rows that a walk cannot find from the bounds of a window: intervals without a start or an end
# reach anywhere, and one of several values need not be the one that matches.
ODD: sa.ColumnElement[Any] = sa.literal_column(f"(hi = {OPEN} OR lo = -{OPEN} OR edge <> 3)")
_places = (ix_date.c.param_id, ix_date.c.lo, ix_date.c.rid)
sa.Index("ix_date_odd", *_places, postgresql_where=ODD, sqlite_where=ODD)

ix_number = _derived(
    "ix_number",
    "rid param_id lo hi",
    _parameter(),
    _column("lo", sa.Double()),
    _column("hi", sa.Double()),
)
_index("ix_number_owner", ix_number, "owner param_id lo hi rid")
_index("ix_number_all", ix_number, "param_id lo hi owner rid")
# Ranges, which the bounds of a search do not find by their lower end alone.
RANGED: sa.ColumnElement[Any] = sa.literal_column("(lo <> hi)")
_numbers = (ix_number.c.param_id, ix_number.c.hi, ix_number.c.rid)
sa.Index("ix_number_ranged", *_numbers, postgresql_where=RANGED, sqlite_where=RANGED)

ix_quantity = _derived(
    "ix_quantity",
    "rid param_id lo hi system code",
    _parameter(),
    _column("lo", sa.Double()),
    _column("hi", sa.Double()),
    _column("system", BIG),
    _column("code", TEXT),
)
_index("ix_quantity_owner", ix_quantity, "owner param_id lo hi rid")
_index("ix_quantity_all", ix_quantity, "param_id lo hi owner rid")
_quantities = (ix_quantity.c.param_id, ix_quantity.c.hi, ix_quantity.c.rid)
sa.Index("ix_quantity_ranged", *_quantities, postgresql_where=RANGED, sqlite_where=RANGED)

# `target` is the key of a resource of this server, or the negative hash of a URL elsewhere.
ix_reference = _derived(
    "ix_reference",
    "rid param_id target",
    _parameter(),
    _column("target", BIG),
    _column("target_type", SMALL),
)
_index("ix_reference_owner", ix_reference, "owner param_id target rid")
_index("ix_reference_all", ix_reference, "param_id target owner rid")

ix_uri = _derived("ix_uri", "rid param_id value", _parameter(), _column("value", TEXT))
_index("ix_uri_owner", ix_uri, "owner param_id value rid")
_index("ix_uri_all", ix_uri, "param_id value owner rid")

# A row is one combination of what the components of a composite parameter find in one element: a
# token first; then a token or text (`code2`), a number or time (`lo`, `hi`, in microseconds as
# search.indexed has it), a quantity (all of these), or two numbers.
ix_composite = _derived(
    "ix_composite",
    "rid param_id code system code2 system2 lo hi lo2 hi2",
    _parameter(),
    _column("code", TEXT),
    _column("system", BIG),
    _column("code2", TEXT),
    _column("system2", BIG),
    _column("lo", sa.Double()),
    _column("hi", sa.Double()),
    _column("lo2", sa.Double()),
    _column("hi2", sa.Double()),
)
_index("ix_composite_owner", ix_composite, "owner param_id code rid")
_index("ix_composite_all", ix_composite, "param_id code owner rid")

# The longest closed interval of a parameter: where a walk by `lo` may begin (search_walk.py).
date_span = sa.Table(
    "date_span",
    metadata,
    sa.Column("param_id", sa.Integer(), primary_key=True, autoincrement=False),
    _column("max_span", BIG),
)

# Patients other than the owner in whose compartment a resource lies: each must permit it.
compartment = _derived("compartment", "rid patient", _column("patient", BIG))
_index("compartment_patient", compartment, "patient rid owner")

# Who treats whom, and which resource (`rid`) says so.
relation = _derived(
    "relation",
    "rid owner organization since until self_asserted",
    _column("organization", BIG),
    _column("since", BIG),
    _column("until", BIG),
    _column("self_asserted", SMALL),
)
_index("relation_owner", relation, "owner organization since until self_asserted")
_index("relation_organization", relation, "organization until owner")

# Directives compiled to effective rules: search.labels.ConsentRow, one row each.
consent_rule = sa.Table(
    "consent_rule",
    metadata,
    _column("owner", BIG),
    _column("deny", SMALL),
    _column("seq", sa.Integer()),
    _column("actor_id", BIG),
    _column("not_actor_id", BIG),
    _column("purpose_mask", BIG),
    _column("type_id", SMALL),
    _column("custodian_id", BIG),
    _column("any_mask", sa.Integer()),
    _column("cover_mask", sa.Integer()),
    _column("valid_from", BIG),
    _column("valid_to", BIG),
    _column("node", sa.Integer()),
    _column("parent", sa.Integer()),
    _column("has_kids", SMALL),
    _column("residual", SMALL),
    sa.PrimaryKeyConstraint("owner", "deny", "seq", name="consent_rule_key"),
    sqlite_with_rowid=False,
)
_index("consent_rule_actor", consent_rule, "actor_id owner")
# The terms of the rules that have some (`residual`: how many): search.labels.Term, each one
# alternative of one.
consent_term = sa.Table(
    "consent_term",
    metadata,
    _column("owner", BIG),
    _column("node", sa.Integer()),
    _column("term", SMALL),
    _column("kind", SMALL),
    _column("value", BIG),
    sa.PrimaryKeyConstraint("owner", "node", "term", "kind", "value", name="consent_term_key"),
    sqlite_with_rowid=False,
)

# facts.encounter.EncounterFact of each Encounter that has one.
fact_encounter = _derived(
    "fact_encounter",
    "rid",
    _column("custodian_id", BIG),
    _column("status", TEXT),
    _column("received", BIG),
    _column("on_scene", BIG, nullable=True),
    _column("cleared", BIG, nullable=True),
    _column("disposition", TEXT),
    _column("responder_model", TEXT),
    _column("dispatch_source", TEXT),
    _column("offense_level", TEXT),
    _column("voluntary", SMALL, nullable=True),
    _column("in_person", SMALL),
    _column("arrestable", SMALL, nullable=True),
    _column("arrested", SMALL, nullable=True),
    _column("cited", SMALL, nullable=True),
    _column("known_person", SMALL),
)
_index("fact_encounter_received", fact_encounter, "received custodian_id")

_carried = "owner label_mask custodian_id deleted tx"
_index("resource_updated", resource, f"type_id last_updated rid {_carried}")
_index("resource_owner", resource, "owner type_id last_updated rid")
_index("resource_version_updated", resource_version, "type_id last_updated rid")
