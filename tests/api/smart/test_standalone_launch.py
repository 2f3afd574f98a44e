"""Standalone launch: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html ."""

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.api.smart.conftest import Clinic
from tests.people import answer, log_in, text_of


@pytest.mark.spec("smart-app-launch#app-launch", "SHALL")
def test_a_clinician_lets_an_app_in(clinic: Clinic) -> None:
    browser = clinic.browser()
    scope = "launch/patient openid fhirUser profile patient/Patient.rs patient/Observation.rs"

    login = browser.get("/oauth/authorize", **clinic.app.request(scope, nonce="n-1"))
    picker = log_in(browser, clinic.newcomer(fhir_user="Practitioner/sam"), login)
    asked = clinic.choose(browser, picker, clinic.patient)
    sent = browser.send(asked, "/authorize", decision="allow")
    granted = clinic.app.trade(answer(sent)["code"]).json()

    assert login.url.path == "/login"
    assert "Growth chart" in text_of(asked)
    assert "Ana Reyes" in text_of(asked)
    assert sent.headers["Location"].startswith("https://app.example/callback?")
    assert answer(sent)["state"] == clinic.app.state
    assert answer(sent)["iss"] == clinic.deployment.url
    assert granted["patient"] == clinic.patient
    assert granted["need_patient_banner"] is True
    assert granted["smart_style_url"].endswith("/static/smart-style.json")
    assert set(granted["scope"].split()) == set(scope.split())
    assert "refresh_token" not in granted
    keys = KeySet.import_key_set(httpx.get(f"{clinic.deployment.url}/oauth/jwks").json())
    claims = jwt.decode(granted["id_token"], keys, algorithms=["RS256"]).claims
    assert claims["iss"] == clinic.deployment.url
    assert (claims["aud"], claims["nonce"]) == (clinic.app.client_id, "n-1")
    assert claims["fhirUser"] == f"{clinic.deployment.url}/fhir/Practitioner/sam"
    assert claims["name"] == "Sam Sample"


def test_the_token_reads_its_patient_and_nobody_else(clinic: Clinic) -> None:
    granted = clinic.tokens("launch/patient patient/Patient.rs")

    with clinic.bearer(granted["access_token"]) as http:
        assert http.get(f"Patient/{clinic.patient}").status_code == 200
        assert http.get(f"Patient/{clinic.other}").status_code == 404
        found = http.get("Patient").json()
        assert [entry["resource"]["id"] for entry in found["entry"]] == [clinic.patient]
        assert http.get("Observation").status_code == 403
