"""A SMART app on one page: launched by a person or an EHR, it reads one patient's crises.

.venv/bin/python docs/examples/launch.py http://127.0.0.1:8080/fhir      then open http://127.0.0.1:9000/launch
"""

import base64
import hashlib
import secrets
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx

BASE = sys.argv[1].rstrip("/")
CLIENT, HERE = "demo-app", "http://127.0.0.1:9000"
SCOPE = "launch/patient openid fhirUser patient/Patient.rs patient/Encounter.rs"
smart = httpx.get(f"{BASE}/.well-known/smart-configuration").json()
started: dict[str, str] = {}


class App(BaseHTTPRequestHandler):
    def do_GET(self):
        address = urlsplit(self.path)
        query = dict(parse_qsl(address.query))
        {"/launch": self.launch, "/callback": self.callback}.get(address.path, self.launch)(query)

    def launch(self, query):
        state, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        started[state] = verifier
        digest = hashlib.sha256(verifier.encode()).digest()
        wish = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": f"{HERE}/callback",
            "scope": f"launch {SCOPE}" if "launch" in query else SCOPE,
            "state": state,
            "aud": BASE,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            **({"launch": query["launch"]} if "launch" in query else {}),
        }
        self.send_response(302)
        self.send_header("Location", f"{smart['authorization_endpoint']}?{urlencode(wish)}")
        self.end_headers()

    def callback(self, query):
        if query.get("state") not in started or query.get("iss") != smart["issuer"]:
            return self.say("This answer is not to a question of mine.")
        if "code" not in query:
            return self.say(f"No access: {query.get('error_description')}")
        form = {
            "grant_type": "authorization_code",
            "code": query["code"],
            "redirect_uri": f"{HERE}/callback",
            "client_id": CLIENT,
            "code_verifier": started.pop(query["state"]),
        }
        token = httpx.post(smart["token_endpoint"], data=form).raise_for_status().json()
        found = httpx.get(
            f"{BASE}/Encounter",
            params={"patient": token["patient"], "_sort": "-date"},
            headers={"Authorization": f"Bearer {token['access_token']}"},
        ).json()
        self.say(f"Patient {token['patient']}: {len(found.get('entry', []))} encounters\n{found}")

    def say(self, text):
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers()
        self.wfile.write(text.encode())


print(f"Open {HERE}/launch")
HTTPServer(("127.0.0.1", 9000), App).serve_forever()
