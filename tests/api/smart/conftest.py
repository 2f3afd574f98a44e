"""One agency with a patient, an app and a clinician, for all tests of the folder."""

from dataclasses import dataclass

import httpx
import pytest

from fhir_server.search.labels import Purpose
from fhir_server.smart.roles import Role
from tests.api.deployment import Deployment, Registration
from tests.people import App, Browser, Somebody, an_app, answer, forms, log_in, somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinic:
    """An agency: `patient` and `other` are the ids of two of its patients."""

    deployment: Deployment
    organization: str
    http: httpx.Client
    patient: str
    other: str
    app: App
    clinician: Somebody
    # The clinician's browser, logged in: a code of the second factor is good once.
    logged_in: Browser

    def browser(self) -> Browser:
        found = Browser.at(self.deployment.url)
        self.deployment.opened.append(found.http)
        return found

    def code(self, scope: str, *, app: App | None = None, **decided: str) -> str:
        """Return a code that the clinician grants, for the first patient."""
        chosen = app or self.app
        browser = self.logged_in
        page = browser.get("/oauth/authorize", **chosen.request(scope))
        if page.url.path == "/authorize/patient":
            page = self.choose(browser, page, self.patient)
        return answer(browser.send(page, "/authorize", decision="allow", **decided))["code"]

    def tokens(self, scope: str, *, app: App | None = None, **decided: str) -> dict[str, str]:
        """Return the token response for what the clinician grants."""
        granted = (app or self.app).trade(self.code(scope, app=app, **decided))
        assert granted.status_code == 200, granted.text
        found: dict[str, str] = granted.json()
        return found

    def newcomer(self, role: Role = Role.CLINICIAN, fhir_user: str = "") -> Somebody:
        """Return somebody else of the agency, who has not logged in yet."""
        return somebody(self.deployment.server, self.organization, role, fhir_user)

    def choose(self, browser: Browser, page: httpx.Response, patient: str) -> httpx.Response:
        found = browser.send(page, "/authorize/patient", family="Reyes")
        wanted = [form for form in forms(found) if ("patient", patient) in form.fields]
        return browser.follow(browser.http.post("/authorize/patient", data=dict(wanted[0].fields)))

    def bearer(self, token: str) -> httpx.Client:
        return self.deployment.http({"Authorization": f"Bearer {token}"})


@pytest.fixture(scope="package")
def clinic(deployment: Deployment) -> Clinic:
    agency = deployment.agency("Riverside Clinic", Registration(purpose=Purpose.TREAT))
    patients = [
        agency.http.post(
            "Patient",
            json={
                "resourceType": "Patient",
                "name": [{"family": "Reyes", "given": [given]}],
                "birthDate": "1990-01-01",
            },
        ).json()["id"]
        for given in ("Ana", "Ben")
    ]
    server = deployment.server
    clinician = somebody(server, agency.id, Role.CLINICIAN, "Practitioner/sam")
    browser = Browser.at(deployment.url)
    deployment.opened.append(browser.http)
    assert log_in(browser, clinician).url.path == "/account"
    return Clinic(
        deployment=deployment,
        organization=agency.id,
        http=agency.http,
        patient=patients[0],
        other=patients[1],
        app=an_app(server, agency.id),
        clinician=clinician,
        logged_in=browser,
    )
