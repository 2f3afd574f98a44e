"""What attackers try at the login pages: guesses, planted cookies, forged forms, frames.

docs/security.md lists each attack with its test.
"""

import time
from uuid import uuid4

import httpx
import pytest

from fhir_server.smart.login.lockout import FREE_FAILURES
from fhir_server.smart.roles import Role
from tests.api.smart.conftest import Clinic
from tests.people import (
    PASSWORD,
    Browser,
    Somebody,
    an_app,
    forms,
    log_in,
    somebody,
    text_of,
)

PAGES = ("/login", "/account", "/account/apps")


def tried(browser: Browser, login: str, password: str) -> httpx.Response:
    return browser.send(browser.get("/login"), "/login", login=login, password=password)


class TestGuesses:
    def test_unknown_logins_and_wrong_passwords_look_the_same(self, clinic: Clinic) -> None:
        wrong = tried(clinic.browser(), clinic.newcomer().login, "wrong password of mine")
        unknown = tried(clinic.browser(), f"nobody-{uuid4()}", "wrong password of mine")
        disabled = clinic.newcomer()
        clinic.deployment.server.authorization.registrar.disable(disabled.account_id)
        refused = tried(clinic.browser(), disabled.login, PASSWORD)

        assert {one.status_code for one in (wrong, unknown, refused)} == {401}
        assert {text_of(one) for one in (wrong, unknown, refused)} == {text_of(wrong)}

    def test_after_some_failures_even_the_right_password_waits(self, clinic: Clinic) -> None:
        person, browser = clinic.newcomer(), clinic.browser()
        before = [tried(browser, person.login, "wrong password of mine") for _ in range(5)]

        right = tried(browser, person.login, PASSWORD)

        assert len(before) == FREE_FAILURES
        assert (right.status_code, right.url.path) == (401, "/login")
        assert text_of(right) == text_of(before[0])

    def test_codes_are_not_guessed_either(self, clinic: Clinic) -> None:
        person, browser = clinic.newcomer(), clinic.browser()
        page = tried(browser, person.login, PASSWORD)
        good = person.code(time.time_ns() // 1000)
        wrong = "000000" if good != "000000" else "111111"

        for _ in range(FREE_FAILURES):
            page = browser.send(page, "/login/code", code=wrong)
        right = browser.send(page, "/login/code", code=person.code(time.time_ns() // 1000))

        assert (right.status_code, right.url.path) == (401, "/login/code")

    def test_a_code_is_good_once(self, clinic: Clinic) -> None:
        person = clinic.newcomer()
        first, second = clinic.browser(), clinic.browser()
        asked = tried(second, person.login, PASSWORD)
        assert log_in(first, person).url.path == "/account"

        replayed = second.send(asked, "/login/code", code=person.code(time.time_ns() // 1000))

        # Unless the clock has passed into the next half minute, the code is the same.
        assert replayed.status_code in {200, 401}
        used = clinic.deployment.server.authorization.stores.accounts.credential(
            person.account_id, "totp"
        )
        assert used is not None
        assert used.used * 30 <= time.time() + 30

    def test_a_password_alone_opens_nothing(self, clinic: Clinic) -> None:
        browser, person = clinic.browser(), clinic.newcomer()

        tried(browser, person.login, PASSWORD)

        assert browser.get("/account").url.path == "/login"
        asked = browser.get("/oauth/authorize", **clinic.app.request("openid"))
        assert asked.url.path == "/login"


class TestSessions:
    def test_a_planted_session_is_worth_nothing_after_the_login(self, clinic: Clinic) -> None:
        browser, person = clinic.browser(), clinic.newcomer()
        planted = "p" * 43
        browser.http.cookies.set("handoff", planted, domain="127.0.0.1")

        log_in(browser, person)

        assert browser.http.cookies.get("handoff") != planted
        thief = clinic.browser()
        thief.http.cookies.set("handoff", planted, domain="127.0.0.1")
        assert thief.get("/account").url.path == "/login"

    def test_the_half_way_cookie_ends_with_the_login(self, clinic: Clinic) -> None:
        browser, person = clinic.browser(), clinic.newcomer()
        asked = tried(browser, person.login, PASSWORD)
        half_way = browser.http.cookies.get("handoff") or ""
        browser.send(asked, "/login/code", code=person.code(time.time_ns() // 1000))

        thief = clinic.browser()
        thief.http.cookies.set("handoff", half_way, domain="127.0.0.1")

        assert browser.get("/account").url.path == "/account"
        assert thief.get("/login/code").url.path == "/login"

    def test_logging_out_ends_the_session(self, clinic: Clinic) -> None:
        browser = clinic.browser()
        log_in(browser, clinic.newcomer())
        cookie = browser.http.cookies.get("handoff") or ""

        browser.send(browser.get("/account"), "/logout")

        thief = clinic.browser()
        thief.http.cookies.set("handoff", cookie, domain="127.0.0.1")
        assert thief.get("/account").url.path == "/login"

    def test_cookies_are_out_of_reach_of_scripts_and_other_sites(self, clinic: Clinic) -> None:
        response = httpx.get(f"{clinic.deployment.url}/login")

        cookie = response.headers["Set-Cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Domain" not in cookie

    def test_no_session_is_stored_as_it_is(self, clinic: Clinic) -> None:
        cookie = clinic.logged_in.http.cookies.get("handoff") or ""
        with clinic.deployment.server.database.connect() as connection:
            rows = connection.exec_driver_sql("SELECT * FROM login_session").all()

        assert cookie
        assert cookie not in str(rows)


class TestForms:
    @pytest.mark.parametrize("csrf", ["", "0" * 64, None])
    def test_a_form_of_another_site_does_nothing(self, clinic: Clinic, csrf: str | None) -> None:
        browser = clinic.logged_in
        data = {"decision": "allow"} | ({} if csrf is None else {"csrf": csrf})

        answers = [browser.http.post(path, data=data) for path in ("/account/apps", "/logout")]

        assert [one.status_code for one in answers] == [403, 403]
        assert browser.get("/account").url.path == "/account"

    def test_a_form_with_a_foreign_origin_does_nothing(self, clinic: Clinic) -> None:
        browser = clinic.logged_in
        csrf = dict(forms(browser.get("/account"))[0].fields)["csrf"]

        response = browser.http.post(
            "/logout", data={"csrf": csrf}, headers={"Origin": "https://evil.example"}
        )

        assert response.status_code == 403

    def test_the_token_of_one_browser_is_no_use_in_another(self, clinic: Clinic) -> None:
        other = dict(forms(clinic.browser().get("/login"))[0].fields)["csrf"]

        assert clinic.logged_in.http.post("/logout", data={"csrf": other}).status_code == 403

    @pytest.mark.parametrize("path", PAGES)
    def test_pages_run_nothing_and_cannot_be_framed(self, clinic: Clinic, path: str) -> None:
        page = clinic.logged_in.get(path)

        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert page.headers["X-Frame-Options"] == "DENY"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert page.headers["Cache-Control"] == "no-store"
        for forbidden in ("<script", " style=", " onclick=", "http://", "https://"):
            assert forbidden not in page.text

    def test_what_people_typed_is_shown_as_text(self, clinic: Clinic) -> None:
        page = tried(clinic.browser(), '"><script>alert(1)</script>', "x")

        assert "<script>" not in page.text

    def test_other_sites_may_use_the_api_and_not_the_pages(self, clinic: Clinic) -> None:
        headers = {"Origin": "https://app.example"}
        url = clinic.deployment.url

        api = httpx.get(f"{url}/fhir/metadata", headers=headers)
        page = httpx.get(f"{url}/login", headers=headers)
        preflight = httpx.options(
            f"{url}/fhir/Patient",
            headers={
                **headers,
                "Access-Control-Request-Method": "GET",
                "Access-Control-Request-Headers": "authorization",
            },
        )

        assert api.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in api.headers
        assert "Access-Control-Allow-Origin" not in page.headers
        assert preflight.status_code == 204
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]


class TestAdministration:
    def administrator(self, clinic: Clinic) -> Browser:
        browser = clinic.browser()
        log_in(browser, clinic.newcomer(Role.ADMINISTRATOR))
        return browser

    @pytest.mark.parametrize("page", ["users", "clients", "agencies", "keys"])
    def test_pages_of_administrators_are_for_administrators(
        self, clinic: Clinic, page: str
    ) -> None:
        assert clinic.logged_in.get(f"/admin/{page}").status_code == 403
        assert clinic.browser().get(f"/admin/{page}").url.path == "/login"

    def test_an_administrator_resets_a_login(self, clinic: Clinic) -> None:
        browser, person = self.administrator(clinic), clinic.newcomer()

        shown = browser.send(browser.get("/admin/users"), f"/admin/users/{person.account_id}/reset")
        password = _secret(shown)
        newcomer = clinic.browser()
        chosen = tried(newcomer, person.login, password)
        enrolling = newcomer.send(
            chosen, "/login/password", password="four words of mine", again="four words of mine"
        )

        assert chosen.url.path == "/login/password"
        assert enrolling.url.path == "/login/enrol"
        assert "<svg" in enrolling.text

    def test_an_agencys_administrator_cannot_touch_another_agency(self, clinic: Clinic) -> None:

        browser = self.administrator(clinic)
        elsewhere = clinic.deployment.organization("Elsewhere")
        other: Somebody = somebody(clinic.deployment.server, elsewhere, Role.CLINICIAN)
        csrf = dict(forms(browser.get("/account"))[0].fields)["csrf"]

        answers = [
            browser.http.post(f"/admin/users/{other.account_id}/{action}", data={"csrf": csrf})
            for action in ("reset", "disable", "enable")
        ]
        keys = browser.http.post("/admin/keys", data={"csrf": csrf})

        assert other.login not in browser.get("/admin/users").text
        assert [one.status_code for one in answers] == [404, 404, 404]
        assert keys.status_code == 403

    def test_an_administrator_adds_a_user_of_the_own_agency_only(self, clinic: Clinic) -> None:
        browser = self.administrator(clinic)
        page = browser.get("/admin/users")
        values = {"name": "New One", "role": "clinician", "fhir_user": ""}

        added = browser.send(
            page, "/admin/users", login=f"n-{uuid4()}", agency=clinic.organization, **values
        )
        refused = browser.send(
            page, "/admin/users", login=f"n-{uuid4()}", agency="elsewhere", **values
        )

        assert _secret(added)
        assert refused.status_code == 422

    def test_revoking_an_app_ends_its_tokens(self, clinic: Clinic) -> None:

        app = an_app(clinic.deployment.server, clinic.organization)
        granted = clinic.tokens("user/Patient.rs", app=app)
        browser = self.administrator(clinic)

        browser.send(browser.get("/admin/clients"), f"/admin/clients/{app.client_id}/revoke")

        with clinic.bearer(granted["access_token"]) as http:
            assert http.get("Patient").status_code == 401

    def test_people_end_the_access_of_their_own_apps_only(self, clinic: Clinic) -> None:
        granted = clinic.tokens("user/Patient.rs")
        shown = clinic.logged_in.get("/account/apps")
        grants = [dict(form.fields).get("grant", "") for form in forms(shown)]
        grant = next(one for one in grants if one)
        other = clinic.browser()
        log_in(other, clinic.newcomer())
        csrf = dict(forms(other.get("/account"))[0].fields)["csrf"]

        other.http.post("/account/apps", data={"csrf": csrf, "grant": grant})
        with clinic.bearer(granted["access_token"]) as http:
            before = http.get("Patient").status_code
        clinic.logged_in.http.post(
            "/account/apps",
            data={"csrf": dict(forms(shown)[0].fields)["csrf"], "grant": grant},
        )
        with clinic.bearer(granted["access_token"]) as http:
            after = http.get("Patient").status_code

        assert (before, after) == (200, 401)


def _secret(page: httpx.Response) -> str:
    return page.text.split('<p class="secret"><code>')[1].split("</code>")[0]
