"""https://hl7.org/fhir/R4/xml.html ."""

import time
from decimal import Decimal

import pytest

from fhir_server.fhir import xml
from fhir_server.fhir.definitions import load
from fhir_server.fhir.outcome import InvalidResourceError
from fhir_server.fhir.resource import Json, Resource

FHIR = 'xmlns="http://hl7.org/fhir"'
XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'
EXTENSION = {"url": "http://example.org/e", "valueCode": "c"}
EXTENSION_XML = '<extension url="http://example.org/e"><valueCode value="c"/></extension>'


def patient(content: str, attributes: str = "") -> str:
    return f"<Patient {FHIR}{attributes}>{content}</Patient>"


def decoded(document: str) -> Resource:
    return xml.decode(document.encode(), load())


def encoded(resource: Resource) -> str:
    return xml.encode(resource, load()).decode()


def of_patient(**elements: Json) -> Resource:
    return {"resourceType": "Patient", **elements}


def faults(document: str | bytes) -> list[tuple[str | None, str]]:
    data = document.encode() if isinstance(document, str) else document
    with pytest.raises(InvalidResourceError) as refused:
        xml.decode(data, load())
    return [(issue.expression, issue.diagnostics) for issue in refused.value.issues]


def expressions(document: str) -> list[str | None]:
    return [expression for expression, _ in faults(document)]


EMPTY = patient("")
PAIRS: dict[str, tuple[Resource, str]] = {
    "a resource of nothing": (of_patient(), patient("")),
    "the id of a resource": (of_patient(id="a"), patient('<id value="a"/>')),
    "a boolean": (of_patient(active=False), patient('<active value="false"/>')),
    "an integer": (
        of_patient(multipleBirthInteger=-7),
        patient('<multipleBirthInteger value="-7"/>'),
    ),
    "special characters": (
        of_patient(gender="<&>\"' \t\r\n\u00e9\U0001f600"),
        patient('<gender value="&lt;&amp;>&quot;\' &#9;&#13;&#10;\u00e9\U0001f600"/>'),
    ),
    "an element with an id": (
        of_patient(name=[{"id": "n", "family": "F"}]),
        patient('<name id="n"><family value="F"/></name>'),
    ),
    "a primitive with id and extension": (
        of_patient(birthDate="1990", _birthDate={"id": "b", "extension": [EXTENSION]}),
        patient(f'<birthDate id="b" value="1990">{EXTENSION_XML}</birthDate>'),
    ),
    "a primitive without a value": (
        of_patient(_birthDate={"extension": [EXTENSION]}),
        patient(f"<birthDate>{EXTENSION_XML}</birthDate>"),
    ),
    "repeated primitives with gaps": (
        of_patient(
            name=[
                {
                    "given": ["a", None, "b", "c"],
                    "_given": [None, {"extension": [EXTENSION]}, {"id": "x"}, None],
                }
            ]
        ),
        patient(
            f'<name><given value="a"/><given>{EXTENSION_XML}</given>'
            '<given id="x" value="b"/><given value="c"/></name>'
        ),
    ),
    "repeated primitives without any value": (
        of_patient(name=[{"_given": [{"extension": [EXTENSION]}, {"extension": [EXTENSION]}]}]),
        patient(f"<name><given>{EXTENSION_XML}</given><given>{EXTENSION_XML}</given></name>"),
    ),
    "an extension with an id and extensions": (
        of_patient(extension=[{"id": "i", "extension": [EXTENSION], "url": "u"}]),
        patient(f'<extension id="i" url="u">{EXTENSION_XML}</extension>'),
    ),
    "contained resources": (
        of_patient(
            contained=[
                {"resourceType": "Organization", "id": "o"},
                {"resourceType": "Location", "id": "l"},
            ]
        ),
        patient(
            '<contained><Organization><id value="o"/></Organization></contained>'
            '<contained><Location><id value="l"/></Location></contained>'
        ),
    ),
    "a narrative": (
        of_patient(
            text={
                "status": "generated",
                "div": f"<div {XHTML}><p title='>'>a &#160;<br></br></p></div>",
            }
        ),
        patient(
            f'<text><status value="generated"/>'
            f"<div {XHTML}><p title='>'>a &#160;<br></br></p></div></text>"
        ),
    ),
    "a Bundle": (
        {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"fullUrl": "urn:uuid:1", "resource": of_patient(active=True)}],
        },
        (
            f'<Bundle {FHIR}><type value="collection"/><entry><fullUrl value="urn:uuid:1"/>'
            '<resource><Patient><active value="true"/></Patient></resource></entry></Bundle>'
        ),
    ),
    "Parameters": (
        {
            "resourceType": "Parameters",
            "parameter": [
                {"name": "a", "part": [{"name": "b", "valueDecimal": Decimal("1.0")}]},
                {"name": "c", "resource": of_patient()},
            ],
        },
        (
            f'<Parameters {FHIR}><parameter><name value="a"/><part><name value="b"/>'
            '<valueDecimal value="1.0"/></part></parameter><parameter><name value="c"/>'
            "<resource><Patient></Patient></resource></parameter></Parameters>"
        ),
    ),
}


@pytest.mark.spec("xml.html", "SHALL")
@pytest.mark.parametrize("name", PAIRS)
def test_json_and_xml_say_the_same(name: str) -> None:
    resource, document = PAIRS[name]

    assert encoded(resource) == document
    assert decoded(document) == resource


@pytest.mark.spec("xml.html", "SHALL")
def test_elements_are_written_in_the_order_of_the_definition() -> None:
    resource = of_patient(
        birthDate="1990", _gender={"id": "g"}, name=[{"given": ["G"], "family": "F"}], id="1"
    )

    assert encoded(resource) == patient(
        '<id value="1"/><name><family value="F"/><given value="G"/></name>'
        '<gender id="g"/><birthDate value="1990"/>'
    )


@pytest.mark.spec("datatypes.html#decimal", "SHALL")
@pytest.mark.parametrize("text", ["1", "0", "-1", "1.00", "0.010", "-0.0", "1E+3", "12.50E-7"])
def test_decimals_keep_their_digits(text: str) -> None:
    document = f'<Quantity><value value="{text}"/></Quantity>'
    document = document.replace("Quantity", "valueQuantity")
    document = f"<Observation {FHIR}>{document}</Observation>"

    value = decoded(document)["valueQuantity"]["value"]

    assert str(value) == str(Decimal(text))
    assert type(value) is (Decimal if "." in text or "E" in text else int)
    assert (
        decoded(encoded(decoded(document)))["valueQuantity"]["value"].as_tuple()
        == (value.as_tuple())
        if isinstance(value, Decimal)
        else True
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *(("active", text) for text in ("", "TRUE", "1", " true", "yes")),
        *(("multipleBirthInteger", text) for text in ("", "+1", "01", "1,0", "0x1", "\u0661")),
        ("multipleBirthInteger", "9" * 5000),
    ],
)
def test_a_value_that_json_could_not_have_is_refused(name: str, text: str) -> None:
    (fault,) = faults(patient(f'<{name} value="{text}"/>'))

    step = name.replace("Integer", ".ofType(integer)")
    assert fault[0] == f"Patient.{step}"
    assert fault[1].startswith("The value must be ")


@pytest.mark.parametrize("text", ["1e301", "1e-301", "1.", ".5", "NaN", "INF", "1e99999"])
def test_a_decimal_that_json_could_not_have_is_refused(text: str) -> None:
    document = f"<Observation {FHIR}><valueQuantity><value value='{text}'/></valueQuantity>"

    assert expressions(f"{document}</Observation>") == ["Observation.value.ofType(Quantity).value"]


ACTIVE = patient('<active value="true"/>')


@pytest.mark.parametrize(
    "document",
    [
        '<p:Patient xmlns:p="http://hl7.org/fhir"><p:active value="true"/></p:Patient>',
        f"\ufeff{ACTIVE}",
        f'<?xml version="1.0" encoding="utf-8"?>\n{ACTIVE}\n',
        f"<!-- a -->{ACTIVE}<!-- d -->",
        patient('<!-- b --><active value="true"><!-- c --></active> '),
        patient('\n  <active\tvalue="&#116;rue"/>\n'),
    ],
)
def test_the_same_may_be_spelled_differently(document: str) -> None:
    assert decoded(document) == of_patient(active=True)


@pytest.mark.spec("xml.html", "SHALL")
@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ("<banana/>", "Patient.banana"),
        ('<name><banana value="x"/></name>', "Patient.name[0].banana"),
        ("<name/><name><given><x/></given></name>", "Patient.name[1].given[0].x"),
        ('<deceasedString value="x"/>', "Patient.deceasedString"),
        ('<resourceType value="Patient"/>', "Patient.resourceType"),
        ('<name><id value="x"/></name>', "Patient.name[0].id"),
        ('<extension><url value="x"/></extension>', "Patient.extension[0].url"),
        ('<_gender id="x"/>', "Patient._gender"),
        ("<contained><Patient><x/></Patient></contained>", "Patient.contained[0].x"),
        ('<active xmlns="" value="true"/>', "Patient.active"),
        ('<active xmlns="urn:x" value="true"/>', "Patient.active"),
        (f"<text {XHTML}/>", "Patient.text"),
        ("<text><div>x</div></text>", "Patient.text.div"),
    ],
)
def test_an_unknown_element_is_refused(content: str, expression: str) -> None:
    assert expressions(patient(content)) == [expression]


@pytest.mark.spec("xml.html", "SHALL")
@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ('<active value="true" x="y"/>', "Patient.active"),
        ('<active value="true" url="y"/>', "Patient.active"),
        ('<name value="x"/>', "Patient.name[0]"),
        ('<name url="x"/>', "Patient.name[0]"),
        ("<contained id='x'><Patient/></contained>", "Patient.contained[0]"),
        ('<active xmlns:f="http://hl7.org/fhir" f:value="true"/>', "Patient.active"),
    ],
)
def test_an_unknown_attribute_is_refused(content: str, expression: str) -> None:
    assert expressions(patient(content)) == [expression]


@pytest.mark.spec("xml.html", "SHALL")
def test_the_schema_is_not_named() -> None:
    schema = ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="a b"'

    assert expressions(patient("", schema)) == ["Patient"]


@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ("x", "Patient"),
        ('<active value="true"/>x', "Patient"),
        ('<active value="true">x</active>', "Patient.active"),
        ("<name>x</name>", "Patient.name[0]"),
        ("<name><![CDATA[x]]></name>", "Patient.name[0]"),
        ("<contained>x<Patient/></contained>", "Patient.contained[0]"),
        ("<contained><Patient/>x</contained>", "Patient.contained[0]"),
    ],
)
def test_text_between_elements_is_refused(content: str, expression: str) -> None:
    assert expressions(patient(content)) == [expression]


@pytest.mark.spec("xml.html", "SHALL")
@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ('<gender value="male"/><active value="true"/>', "Patient.active"),
        ('<name/><gender value="male"/><name/>', "Patient.name[1]"),
        ('<name><given value="a"/><family value="b"/></name>', "Patient.name[0].family"),
    ],
)
def test_another_order_is_refused(content: str, expression: str) -> None:
    assert expressions(patient(content)) == [expression]


@pytest.mark.parametrize(
    ("content", "expression"),
    [
        ('<active value="true"/><active value="true"/>', "Patient.active"),
        ('<active id="a"/><active id="b"/>', "Patient.active"),
        ("<maritalStatus/><maritalStatus/>", "Patient.maritalStatus"),
    ],
)
def test_an_element_that_stands_once_is_not_repeated(content: str, expression: str) -> None:
    assert expressions(patient(content)) == [expression]


@pytest.mark.parametrize(
    "content", ["", "<Patient/><Patient/>", "<banana/>", '<Patient xmlns="urn:x"/>', "<!-- x -->"]
)
def test_what_contains_a_resource_contains_one(content: str) -> None:
    (expression,) = expressions(patient(f"<contained>{content}</contained>"))

    assert expression == "Patient.contained[0]"


def test_every_fault_is_told() -> None:
    document = patient('<x/><active value="maybe"/><name y="z"/>')

    assert expressions(document) == ["Patient.x", "Patient.active", "Patient.name[0]"]


def test_an_element_of_nothing_is_left_to_validation() -> None:
    assert decoded(patient("<gender/><maritalStatus/>")) == of_patient(_gender={}, maritalStatus={})


def test_a_narrative_with_a_prefix_gets_none() -> None:
    prefix = ' xmlns:h="http://www.w3.org/1999/xhtml"'
    text = '<text><h:div id="i">x<!-- y --> z<h:p/>t</h:div></text>'

    assert decoded(patient(text, prefix))["text"]["div"] == (
        f'<div {XHTML} id="i">x<!-- y --> z<p/>t</div>'
    )


def test_each_narrative_is_found_again() -> None:
    first = f'<div {XHTML}>a<!-- <div> --><div title="</div>">b<![CDATA[</div>]]></div></div>'
    first = first.replace('"</div>"', '">&lt;/div>"')
    second = f"<div\n {XHTML} lang = 'en'/>"
    document = patient(
        f"<text>{first}</text><contained><Patient><text>{second}</text></Patient></contained>"
    )

    resource = decoded(document)

    assert resource["text"]["div"] == first
    assert resource["contained"][0]["text"]["div"] == second


@pytest.mark.parametrize(
    "div", ["not XML", "<div>x</div>", f"<div {XHTML}>x</div><b/>", f"<div {XHTML}>&nbsp;</div>"]
)
def test_a_narrative_that_is_no_xhtml_breaks_nothing(div: str) -> None:
    text = decoded(encoded(of_patient(text={"div": div})))["text"]["div"]

    assert text.startswith(f"<div {XHTML}>")
    assert xml.encode(of_patient(text={"div": text}), load()) == xml.encode(
        of_patient(text={"div": div}), load()
    )


def test_what_xml_cannot_hold_is_replaced() -> None:
    assert decoded(encoded(of_patient(gender="a\x00b\x1f\uffff"))) == of_patient(
        gender="a\ufffdb\ufffd\ufffd"
    )


@pytest.mark.parametrize(
    "resource",
    [
        {},
        {"resourceType": "Banana"},
        {"resourceType": "Element"},
        of_patient(banana=1),
        of_patient(active=[True]),
        of_patient(active={}),
        of_patient(active=None),
        of_patient(name={}),
        of_patient(name=["x"]),
        of_patient(contained=[{}]),
        of_patient(_active=True),
    ],
)
def test_what_is_no_resource_is_not_written(resource: Resource) -> None:
    with pytest.raises(InvalidResourceError):
        encoded(resource)


def test_pretty_moves_white_space_only() -> None:
    resource = of_patient(
        text={"status": "generated", "div": f"<div {XHTML}><p>x</p>\n</div>"},
        name=[{"family": "F", "_family": {"extension": [EXTENSION]}}],
    )

    document = xml.encode(resource, load(), pretty=True).decode()

    assert document.splitlines()[:3] == [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<Patient {FHIR}>",
        "  <text>",
    ]
    assert decoded(document) == resource


# Hostile documents.

ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
LAUGHS = patient("<id value='&e11;'/>")
ENTITY = patient("<id value='&e;'/>")
ATTRIBUTES = " ".join(f"a{n}=''" for n in range(100_000))
HOSTILE = {
    "billion laughs": f'<!DOCTYPE x [<!ENTITY e0 "x">{ENTITIES}]>{LAUGHS}',
    "external entity": f'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>{ENTITY}',
    "external DTD": f'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">{EMPTY}',
    "parameter entity": f'<!DOCTYPE x [<!ENTITY % p SYSTEM "file:///x">%p;]>{EMPTY}',
    "lower-case document type": f"<!doctype x>{EMPTY}",
    "undeclared entity": patient('<id value="&e;"/>'),
    "deep nesting": patient('<extension url="x">' * 100_000),
    "deep nesting, closed": patient('<extension url="x">' * 200 + "</extension>" * 200),
    "many attributes": patient(f"<id {ATTRIBUTES}/>"),
    "many attributes of a narrative": patient(
        f"<text><h:div xmlns:h='http://www.w3.org/1999/xhtml' {ATTRIBUTES}>x</h:div></text><x/>"
    ),
    "many faults after many siblings": patient("<name/>" * 200_000 + "<name x=''/>" * 2000),
    "the same attribute twice": patient('<id value="a" value="b"/>'),
    "many unclosed quotes": patient("<div " * 50_000 + "'" * 50_000),
    "many narratives": patient(f"<text><div {XHTML}>" + "<div>" * 240 + "<!-- " * 50_000),
    "not closed": f"<Patient {FHIR}>",
    "two roots": patient("") + patient(""),
    "nothing": "",
    "no XML": '{"resourceType":"Patient"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_is_refused_at_once(name: str) -> None:
    started = time.process_time()

    found = faults(HOSTILE[name])

    assert time.process_time() - started < 5
    assert sum(len(text) for _, text in found) < 200_000


@pytest.mark.parametrize(
    "document",
    [
        "\ufeff".encode("utf-16"),
        patient("").encode("utf-16"),
        f'<?xml version="1.0" encoding="latin-1"?>{EMPTY}'.encode("latin-1"),
        f'<?xml version="1.0" encoding="UTF-7"?>{EMPTY}'.encode(),
        patient('<id value="\u00e9"/>').encode("latin-1"),
    ],
)
def test_only_utf_8_is_read(document: bytes) -> None:
    assert faults(document) == [(None, "The body must be XML in UTF-8.")]


@pytest.mark.parametrize(
    ("document", "expression"),
    [
        (f'<?xml-stylesheet href="x"?>{EMPTY}', None),
        (patient("<?php x ?>"), "Patient"),
        (patient("<name><?php x ?></name>"), "Patient.name[0]"),
        (patient("") + "<?php x ?>", None),
    ],
)
def test_processing_instructions_are_refused(document: str, expression: str | None) -> None:
    assert faults(document) == [
        (expression, "Processing instructions and entities are not allowed.")
    ]


@pytest.mark.parametrize(
    "document",
    [
        "<Patient/>",
        '<Patient xmlns="http://hl7.org/fhir/"/>',
        f"<patient {FHIR}/>",
        f"<Element {FHIR}/>",
        f"<Resource {FHIR}/>",
        f"<div {XHTML}>x</div>",
    ],
)
def test_the_root_is_a_resource(document: str) -> None:
    ((expression, diagnostics),) = faults(document)

    assert expression is None
    assert "resource of FHIR R4" in diagnostics


def test_a_document_of_too_many_nodes_is_refused() -> None:
    document = patient("<a/>" * (xml.MOST_NODES + 1))

    ((_, diagnostics),) = faults(document)

    assert str(xml.MOST_NODES) in diagnostics


def test_no_message_repeats_a_value() -> None:
    found = faults(patient('<active value="secret"/>secret<gender secret="secret"/></name>secret'))

    assert "secret" not in str(found)
