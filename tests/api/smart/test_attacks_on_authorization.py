"""What attackers try at the authorization endpoint and with what it gives.

https://www.rfc-editor.org/rfc/rfc9700 ; docs/security.md lists each attack with its test.
"""

import base64
import time
from dataclasses import replace
from urllib.parse import urlencode

import httpx
import pytest

from fhir_server.fhir.resource import Json
from fhir_server.search.labels import Purpose
from fhir_server.smart.roles import Role
from fhir_server.smart.tokens import token_hash
from tests.api.deployment import MINUTE, Registration
from tests.api.smart.conftest import Clinic
from tests.people import (
    PASSWORD,
    REDIRECT,
    App,
    an_app,
    answer,
    as_data,
    forms,
    log_in,
    somebody,
    text_of,
)

SCOPE = "launch/patient openid patient/Patient.rs"
ONLINE = f"{SCOPE} online_access"


def begun(clinic: Clinic, **changed: str | None) -> httpx.Response:
    """Return the first answer to a request for authorization, no redirect followed."""
    parameters = clinic.app.request(**{"scope": SCOPE, **changed})
    return httpx.get(f"{clinic.deployment.url}/oauth/authorize", params=parameters)


class TestRequests:
    @pytest.mark.parametrize(
        ("changed", "error"),
        [
            ({"code_challenge": None}, "invalid_request"),
            ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
            ({"code_challenge_method": None}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge": "short"}, "invalid_request"),
            ({"state": None}, "invalid_request"),
            ({"aud": None}, "invalid_request"),
            ({"aud": "https://evil.example/fhir"}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"response_mode": "fragment"}, "invalid_request"),
            ({"request": "eyJhbGciOiJub25lIn0.e30."}, "request_not_supported"),
            ({"request_uri": "https://evil.example/request"}, "request_not_supported"),
            ({"launch": "made-up"}, "invalid_request"),
            ({"scope": "x" * 5000}, "invalid_request"),
        ],
    )
    def test_a_faulty_request_is_refused_at_the_door(
        self, clinic: Clinic, changed: dict[str, str | None], error: str
    ) -> None:
        response = begun(clinic, **changed)

        assert response.headers["Location"].startswith(f"{REDIRECT}?")
        assert answer(response)["error"] == error
        assert "code" not in answer(response)

    @pytest.mark.parametrize(
        "redirect_uri",
        [
            "https://evil.example/callback",
            f"{REDIRECT}/../evil",
            f"{REDIRECT}/",
            f"{REDIRECT}?a=b",
            f"{REDIRECT}#fragment",
            "https://app.example@evil.example/callback",
            "https://app.example.evil.example/callback",
            "https://APP.example/callback",
            "http://app.example/callback",
            "https://app.example/%63allback",
            "javascript:alert(1)",
            "",
            None,
        ],
    )
    def test_no_answer_goes_to_an_address_that_is_not_registered(
        self, clinic: Clinic, redirect_uri: str | None
    ) -> None:
        response = begun(clinic, redirect_uri=redirect_uri)

        assert response.status_code == 400
        assert "Location" not in response.headers

    def test_unknown_app_and_foreign_address_look_the_same(self, clinic: Clinic) -> None:
        foreign = begun(clinic, redirect_uri="https://evil.example/")
        unknown = begun(clinic, client_id="nobody")

        assert text_of(foreign) == text_of(unknown)

    def test_a_parameter_given_twice_is_refused(self, clinic: Clinic) -> None:
        pairs = [*clinic.app.request(SCOPE).items(), ("scope", "user/*.cruds")]

        response = httpx.get(f"{clinic.deployment.url}/oauth/authorize?{urlencode(pairs)}")

        assert answer(response)["error"] == "invalid_request"

    def test_an_app_that_wants_no_page_is_told_so(self, clinic: Clinic) -> None:
        assert answer(begun(clinic, prompt="none"))["error"] == "login_required"


class TestCodes:
    def test_a_code_is_good_once_and_its_replay_ends_what_it_gave(self, clinic: Clinic) -> None:
        code = clinic.code(ONLINE)
        first = clinic.app.trade(code).json()

        second = clinic.app.trade(code)

        assert (second.status_code, second.json()["error"]) == (400, "invalid_grant")
        with clinic.bearer(first["access_token"]) as http:
            assert http.get(f"Patient/{clinic.patient}").status_code == 401
        assert clinic.app.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"

    @pytest.mark.parametrize(
        "changed",
        [
            {"code_verifier": "w" * 43},
            {"code_verifier": ""},
            {"code_verifier": "v"},
            {"redirect_uri": "https://app.example/other"},
            {"redirect_uri": ""},
        ],
    )
    def test_a_stolen_code_is_no_use_without_the_rest(
        self, clinic: Clinic, changed: dict[str, str]
    ) -> None:
        response = clinic.app.trade(clinic.code(SCOPE), **changed)

        assert response.json()["error"] == "invalid_grant"

    def test_a_code_of_one_app_is_no_use_to_another(self, clinic: Clinic) -> None:
        other = an_app(clinic.deployment.server, clinic.organization)

        response = replace(other, verifier=clinic.app.verifier).trade(clinic.code(SCOPE))

        assert response.json()["error"] == "invalid_grant"

    def test_a_code_goes_stale_within_a_minute(self, clinic: Clinic) -> None:
        code = clinic.code(SCOPE)
        grants = clinic.deployment.server.authorization
        row = grants.app_tokens.code(token_hash(code))
        assert row is not None

        assert row.expires_at - time.time_ns() // 1000 <= MINUTE
        assert grants.stores.grants.code(token_hash(code), row.expires_at) is None

    def test_an_app_with_a_secret_needs_it(self, clinic: Clinic) -> None:
        app = an_app(clinic.deployment.server, clinic.organization, secret=True)
        code = clinic.code(SCOPE, app=app)

        wrong = replace(app, secret="wrong").trade(code)
        none = replace(app, secret="").trade(code)
        posted = httpx.post(
            f"{app.url}/oauth/token",
            data={
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": REDIRECT,
                "code_verifier": app.verifier,
                "client_id": app.client_id,
                "client_secret": app.secret,
            },
        )
        right = app.trade(code)

        assert [one.status_code for one in (wrong, none, posted)] == [401, 401, 401]
        assert {one.json()["error"] for one in (wrong, none, posted)} == {"invalid_client"}
        assert right.status_code == 200


class TestRefresh:
    def test_each_refresh_token_is_good_once_and_its_reuse_ends_all(self, clinic: Clinic) -> None:
        first = clinic.tokens(ONLINE)
        second = clinic.app.refresh(first["refresh_token"]).json()
        assert second["patient"] == clinic.patient
        assert second["refresh_token"] != first["refresh_token"]

        stolen = clinic.app.refresh(first["refresh_token"])

        assert stolen.json()["error"] == "invalid_grant"
        assert clinic.app.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
        with clinic.bearer(second["access_token"]) as http:
            assert http.get(f"Patient/{clinic.patient}").status_code == 401

    @pytest.mark.parametrize("scope", ["patient/*.rs", "user/Patient.rs", "system/*.rs", "admin"])
    def test_a_refresh_never_asks_for_more(self, clinic: Clinic, scope: str) -> None:
        granted = clinic.tokens(ONLINE)

        response = clinic.app.refresh(granted["refresh_token"], scope=scope)

        assert response.json()["error"] == "invalid_scope"

    def test_a_refresh_can_ask_for_less(self, clinic: Clinic) -> None:
        granted = clinic.tokens(ONLINE)

        less = clinic.app.refresh(granted["refresh_token"], scope="patient/Patient.r").json()

        assert "patient/Patient.r" in less["scope"].split()
        with clinic.bearer(less["access_token"]) as http:
            assert http.get(f"Patient/{clinic.patient}").status_code == 200
            assert http.get("Patient").status_code == 403

    def test_a_token_of_one_app_is_no_use_to_another(self, clinic: Clinic) -> None:
        granted = clinic.tokens(ONLINE)
        other = an_app(clinic.deployment.server, clinic.organization)

        refreshed = other.refresh(granted["refresh_token"])
        other.post({"token": granted["refresh_token"]}, "/oauth/revoke")
        other.post({"token": granted["access_token"]}, "/oauth/revoke")

        assert refreshed.json()["error"] == "invalid_grant"
        with clinic.bearer(granted["access_token"]) as http:
            assert http.get(f"Patient/{clinic.patient}").status_code == 200

    def test_logging_out_ends_what_was_for_the_session(self, clinic: Clinic) -> None:
        browser, person = clinic.browser(), clinic.newcomer()
        page = log_in(
            browser, person, browser.get("/oauth/authorize", **clinic.app.request(ONLINE))
        )
        page = clinic.choose(browser, page, clinic.patient)
        code = answer(browser.send(page, "/authorize", decision="allow"))["code"]
        granted = clinic.app.trade(code).json()

        browser.send(browser.get("/account"), "/logout")

        assert clinic.app.refresh(granted["refresh_token"]).json()["error"] == "invalid_grant"
        with clinic.bearer(granted["access_token"]) as http:
            assert http.get(f"Patient/{clinic.patient}").status_code == 401

    def test_a_disabled_person_has_no_tokens_any_more(self, clinic: Clinic) -> None:
        browser, person = clinic.browser(), clinic.newcomer()
        page = log_in(
            browser, person, browser.get("/oauth/authorize", **clinic.app.request(ONLINE))
        )
        page = clinic.choose(browser, page, clinic.patient)
        code = answer(browser.send(page, "/authorize", decision="allow"))["code"]
        granted = clinic.app.trade(code).json()

        clinic.deployment.server.authorization.registrar.disable(person.account_id)

        with clinic.bearer(granted["access_token"]) as http:
            assert http.get(f"Patient/{clinic.patient}").status_code == 401
        assert clinic.app.refresh(granted["refresh_token"]).json()["error"] == "invalid_grant"
        assert browser.get("/account").url.path == "/login"


class TestDecisions:
    def test_scopes_that_the_form_did_not_offer_are_not_granted(self, clinic: Clinic) -> None:
        browser = clinic.logged_in
        page = browser.get("/oauth/authorize", **clinic.app.request(SCOPE))
        page = clinic.choose(browser, page, clinic.patient)

        data = as_data(forms(page)[-1].filled({"decision": "allow"}))
        data["scope"] = [*data["scope"], "user/*.cruds", "offline_access", "system/*.rs"]
        sent = browser.follow(browser.http.post("/authorize", data=data))
        granted = clinic.app.trade(answer(sent)["code"]).json()

        assert set(granted["scope"].split()) == set(SCOPE.split())

    def test_what_is_taken_out_is_not_granted(self, clinic: Clinic) -> None:
        browser = clinic.logged_in
        wish = f"{SCOPE} patient/Observation.rs fhirUser offline_access"
        page = browser.get("/oauth/authorize", **clinic.app.request(wish))
        page = clinic.choose(browser, page, clinic.patient)

        data = as_data(forms(page)[-1].filled({"decision": "allow"}))
        offered = list(data["scope"])
        data["scope"] = ["openid", "patient/Patient.rs"]
        sent = browser.follow(browser.http.post("/authorize", data=data))
        granted = clinic.app.trade(answer(sent)["code"]).json()

        # To go on without its user is never granted by not looking.
        assert "offline_access" not in offered
        assert set(granted["scope"].split()) == {"launch/patient", "openid", "patient/Patient.rs"}
        assert "refresh_token" not in granted

    def test_what_cannot_be_granted_is_left_out_and_told(self, clinic: Clinic) -> None:
        app = an_app(clinic.deployment.server, clinic.organization, scopes="patient/Patient.rs")

        granted = clinic.tokens(
            "launch/patient patient/Patient.cruds patient/Observation.rs system/*.rs x/y", app=app
        )

        assert set(granted["scope"].split()) == {"launch/patient", "patient/Patient.rs"}

    def test_denying_tells_the_app(self, clinic: Clinic) -> None:
        browser = clinic.logged_in
        page = browser.get("/oauth/authorize", **clinic.app.request(SCOPE))

        sent = browser.send(page, "/authorize", decision="deny")

        assert answer(sent) == {
            "error": "access_denied",
            "error_description": "The user said no.",
            "iss": clinic.deployment.url,
            "state": clinic.app.state,
        }

    def test_a_request_is_answered_once(self, clinic: Clinic) -> None:
        browser = clinic.logged_in
        page = browser.get("/oauth/authorize", **clinic.app.request(SCOPE))
        page = clinic.choose(browser, page, clinic.patient)
        browser.send(page, "/authorize", decision="allow")

        again = browser.send(page, "/authorize", decision="allow")

        assert again.status_code == 404

    def test_a_request_of_another_browser_cannot_be_answered(self, clinic: Clinic) -> None:
        victim, attacker = clinic.logged_in, clinic.browser()
        planted = attacker.get("/oauth/authorize", **clinic.app.request(SCOPE))

        page = victim.get("/authorize", request=planted.url.params["request"])

        assert page.status_code == 404

    def test_an_app_gets_no_purpose_that_it_is_not_registered_for(self, clinic: Clinic) -> None:
        browser = clinic.logged_in
        page = browser.get("/oauth/authorize", **clinic.app.request(SCOPE))
        page = clinic.choose(browser, page, clinic.patient)

        sent = browser.send(page, "/authorize", decision="allow", purpose="COC")

        assert answer(sent)["error"] == "access_denied"

    def test_a_patient_of_another_agency_cannot_be_chosen(self, clinic: Clinic) -> None:
        stranger = clinic.deployment.agency("Elsewhere", Registration(purpose=Purpose.TREAT))
        patient = stranger.http.post(
            "Patient", json={"resourceType": "Patient", "name": [{"family": "Reyes"}]}
        ).json()["id"]
        browser = clinic.logged_in
        page = browser.get("/oauth/authorize", **clinic.app.request(SCOPE))
        shown = browser.send(page, "/authorize/patient", family="Reyes")

        data = as_data(
            next(f for f in forms(shown) if ("patient", clinic.patient) in f.fields).fields
        )
        sent = browser.http.post("/authorize/patient", data={**data, "patient": patient})

        assert patient not in shown.text
        assert sent.status_code == 404

    def test_a_patient_gives_access_to_the_own_record_only(self, clinic: Clinic) -> None:
        browser = clinic.browser()
        person = clinic.newcomer(Role.PATIENT, f"Patient/{clinic.patient}")
        wish = f"{SCOPE} user/Patient.rs"

        page = log_in(browser, person, browser.get("/oauth/authorize", **clinic.app.request(wish)))
        sent = browser.send(page, "/authorize", decision="allow")
        granted = clinic.app.trade(answer(sent)["code"]).json()

        assert page.url.path == "/authorize"
        assert granted["patient"] == clinic.patient
        assert "user/Patient.rs" not in granted["scope"]
        assert granted["purpose_of_use"] == "PATRQT"

    @pytest.mark.parametrize("role", [Role.PATIENT, Role.PROGRAM_MANAGER, Role.EPIDEMIOLOGIST])
    def test_who_may_not_see_patients_does_not_find_them_by_the_picker(
        self, clinic: Clinic, role: Role
    ) -> None:
        browser = clinic.browser()
        own = f"Patient/{clinic.patient}" if role is Role.PATIENT else ""
        page = browser.get("/oauth/authorize", **clinic.app.request(SCOPE))
        log_in(browser, clinic.newcomer(role, own), page)
        handle = page.url.params["request"]

        shown = browser.get("/authorize/patient", request=handle, family="Reyes")
        csrf = dict(forms(shown)[-1].fields)["csrf"]
        chosen = browser.http.post(
            "/authorize/patient", data={"csrf": csrf, "request": handle, "patient": clinic.other}
        )

        assert "Ben" not in shown.text
        assert chosen.status_code == 404

    def test_a_role_is_a_ceiling(self, clinic: Clinic) -> None:
        browser, person = clinic.browser(), clinic.newcomer(Role.PROGRAM_MANAGER)
        wish = "openid user/*.cruds"

        page = log_in(browser, person, browser.get("/oauth/authorize", **clinic.app.request(wish)))
        granted = clinic.app.trade(
            answer(browser.send(page, "/authorize", decision="allow"))["code"]
        ).json()

        words = granted["scope"].split()
        assert "user/MeasureReport.rs" in words
        assert not any(word.startswith(("user/Patient", "user/*")) for word in words)
        with clinic.bearer(granted["access_token"]) as http:
            assert http.get("Patient").status_code == 403


class TestLaunchHandles:
    def ehr(self, clinic: Clinic) -> httpx.Client:
        server = clinic.deployment.server
        client_id = clinic.deployment.register(clinic.organization, Registration())
        row = server.oauth.client(client_id)
        assert row is not None
        launcher = replace(row, client_id=f"ehr-{client_id}", launches=True)
        server.oauth.register(launcher)
        token = clinic.deployment.token(launcher.client_id, "system/*.rs", Purpose.TREAT)
        return clinic.bearer(token)

    def handle(self, clinic: Clinic, **changed: object) -> httpx.Response:
        body = {"client_id": clinic.app.client_id, "patient": clinic.patient, **changed}
        return self.ehr(clinic).post(f"{clinic.deployment.url}/oauth/launch", json=body)

    def test_an_ehr_launches_an_app(self, clinic: Clinic) -> None:
        handle = self.handle(
            clinic,
            need_patient_banner=False,
            intent="review",
            fhirContext=[{"reference": "Task/1", "role": "launch"}],
        )
        assert handle.status_code == 201

        browser = clinic.logged_in
        wish = clinic.app.request(
            "launch openid patient/Patient.rs", launch=handle.json()["launch"]
        )
        page = browser.get("/oauth/authorize", **wish)
        granted = clinic.app.trade(
            answer(browser.send(page, "/authorize", decision="allow"))["code"]
        ).json()

        assert granted["patient"] == clinic.patient
        assert granted["need_patient_banner"] is False
        assert granted["intent"] == "review"
        assert granted["fhirContext"] == [{"reference": "Task/1", "role": "launch"}]

    def test_a_handle_is_good_once(self, clinic: Clinic) -> None:
        handle = self.handle(clinic).json()["launch"]
        begun(clinic, launch=handle)

        assert answer(begun(clinic, launch=handle))["error"] == "invalid_request"

    def test_a_handle_is_for_one_app(self, clinic: Clinic) -> None:
        handle = self.handle(clinic).json()["launch"]
        other = an_app(clinic.deployment.server, clinic.organization)

        wish = other.request(SCOPE, launch=handle)
        response = httpx.get(f"{clinic.deployment.url}/oauth/authorize", params=wish)

        assert answer(response)["error"] == "invalid_request"

    def test_a_stolen_handle_is_no_use_at_another_agency(self, clinic: Clinic) -> None:
        handle = self.handle(clinic).json()["launch"]
        thief = somebody(
            clinic.deployment.server, clinic.deployment.organization("Elsewhere"), Role.CLINICIAN
        )
        browser = clinic.browser()

        wish = clinic.app.request("launch patient/Patient.rs", launch=handle)
        page = log_in(browser, thief, browser.get("/oauth/authorize", **wish))

        assert page.status_code == 403
        assert clinic.patient not in page.text
        assert "Reyes" not in page.text

    def test_who_is_not_registered_to_launch_gets_no_handle(self, clinic: Clinic) -> None:
        body = {"client_id": clinic.app.client_id, "patient": clinic.patient}
        url = f"{clinic.deployment.url}/oauth/launch"

        assert clinic.http.post(url, json=body).status_code == 403
        assert httpx.post(url, json=body).status_code == 401

    def test_hidden_and_absent_patients_have_no_handle_alike(self, clinic: Clinic) -> None:
        stranger = clinic.deployment.agency("Hidden", Registration(purpose=Purpose.TREAT))
        hidden = stranger.http.post("Patient", json={"resourceType": "Patient"}).json()["id"]

        answers = [self.handle(clinic, patient=patient) for patient in (hidden, "absent")]

        assert [one.status_code for one in answers] == [404, 404]
        assert answers[0].text == answers[1].text

    @pytest.mark.parametrize(
        "changed",
        [
            {"client_id": 1},
            {"client_id": "nobody"},
            {"patient": "../x"},
            {"need_patient_banner": "yes"},
            {"fhirContext": [{"reference": "Patient/other"}]},
            {"unknown": True},
        ],
    )
    def test_a_malformed_launch_is_refused(
        self, clinic: Clinic, changed: dict[str, object]
    ) -> None:
        assert self.handle(clinic, **changed).status_code == 400


class TestTokensAboutTokens:
    def test_introspection_tells_the_context_to_the_app_itself(self, clinic: Clinic) -> None:
        app = an_app(clinic.deployment.server, clinic.organization, secret=True)
        granted = clinic.tokens(f"{SCOPE} fhirUser", app=app)

        told = app.post({"token": granted["access_token"]}, "/oauth/introspect").json()

        assert told["active"] is True
        assert told["patient"] == clinic.patient
        assert told["client_id"] == app.client_id
        assert set(told["scope"].split()) == set(granted["scope"].split())
        assert told["fhirUser"].endswith("/fhir/Practitioner/sam")

    def test_introspection_tells_nothing_to_others(self, clinic: Clinic) -> None:
        granted = clinic.tokens(SCOPE)
        other = an_app(clinic.deployment.server, clinic.organization, secret=True)
        watcher = an_app(
            clinic.deployment.server, clinic.organization, secret=True, introspects=True
        )

        def told(app: App) -> Json:
            return app.post({"token": granted["access_token"]}, "/oauth/introspect").json()

        assert told(other) == {"active": False}
        assert told(clinic.app)["error"] == "invalid_client"
        assert told(watcher)["active"] is True

    def test_revoking_a_refresh_token_ends_the_grant(self, clinic: Clinic) -> None:
        granted = clinic.tokens(ONLINE)

        answered = clinic.app.post({"token": granted["refresh_token"]}, "/oauth/revoke")

        assert answered.status_code == 200
        with clinic.bearer(granted["access_token"]) as http:
            assert http.get(f"Patient/{clinic.patient}").status_code == 401

    def test_userinfo_needs_openid(self, clinic: Clinic) -> None:
        with_it = clinic.tokens("openid fhirUser user/Patient.rs")
        without = clinic.tokens("user/Patient.rs")
        url = f"{clinic.deployment.url}/oauth/userinfo"

        with clinic.bearer(with_it["access_token"]) as http:
            assert http.get(url).json()["fhirUser"].endswith("/Practitioner/sam")
        with clinic.bearer(without["access_token"]) as http:
            assert http.get(url).status_code == 401

    def test_an_id_token_does_not_open_the_api(self, clinic: Clinic) -> None:
        granted = clinic.tokens("openid user/Patient.rs")

        with clinic.bearer(granted["id_token"]) as http:
            assert http.get("Patient").status_code == 401


def test_nothing_secret_reaches_the_logs(clinic: Clinic) -> None:
    granted = clinic.tokens(ONLINE)
    clinic.app.refresh(granted["refresh_token"])
    forged = base64.b64encode(b"nobody:hunter2-secret").decode()
    httpx.post(
        f"{clinic.deployment.url}/oauth/token",
        data={"grant_type": "refresh_token", "refresh_token": "x\r\nforged: line"},
        headers={"Authorization": f"Basic {forged}"},
    )

    text = clinic.deployment.log.read_text()
    assert PASSWORD not in text
    assert granted["access_token"] not in text
    assert granted["refresh_token"] not in text
    assert "hunter2" not in text
    assert "forged: line" not in text
