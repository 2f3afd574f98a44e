"""The codes of the crisis code systems, as sets to check against.

A set is closed unless its name says OPEN: of an open one, agencies may send codes of their own,
which are kept under the agency's system.
"""


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


YES_NO_UNKNOWN = _codes("yes no unknown")

DISPATCH_SOURCES_OPEN = _codes(
    "911 988 crisis-line non-emergency-line text-chat officer-initiated ems fire walk-in ed school"
    " provider jail court outreach family-request self-referral other unknown"
)
DISPATCH_DECISIONS = _codes(
    "phone-resolved bh-transfer mct-dispatched alternative-dispatched co-response-dispatched"
    " cit-dispatched police-dispatched ems-dispatched fire-dispatched transfer-to-988"
    " transfer-to-911 referral-only no-unit-available caller-declined duplicate cancelled"
)
RESPONDER_MODELS = _codes(
    "telephonic mobile-crisis-team alternative-response co-responder telehealth-co-response"
    " cit-officer ems-behavioral community-paramedic ems-only police-only crisis-facility outreach"
    " multi-agency none"
)
CALL_TYPES_OPEN = _codes(
    "suicidal-ideation suicide-attempt self-harm emotional-distress psychosis mania welfare-check"
    " intoxication overdose agitation threat-to-others family-conflict domestic-violence disorderly"
    " trespass indecent-exposure unsheltered-need missing-person dementia child-behavioral"
    " developmental medication-need third-party-concern hospital-transport syringe-disposal"
    " assist-agency follow-up-check unknown"
)
ENCOUNTER_TYPES = _codes(
    "crisis-contact crisis-field-response crisis-facility crisis-telehealth crisis-follow-up"
    " crisis-outreach involuntary-evaluation"
)
DISPOSITIONS = _codes(
    "resolved-by-phone resolved-on-scene stayed-with-support transported-home transported-shelter"
    " transported-respite transported-detox transported-csu transported-ed"
    " transported-psych-hospital transported-jail released-to-police released-to-family"
    " released-to-ems referred-only declined left-scene unable-to-locate deceased cancelled"
)
TRANSPORT_MODES = _codes(
    "none team-vehicle ambulance police family self rideshare secure-transport"
)
HOLD_TYPES = _codes(
    "none emergency-custody emergency-hold extended-hold temporary-detention"
    " court-ordered-evaluation protective-custody-intoxication assisted-outpatient"
    " voluntary-by-guardian"
)
HOLD_OUTCOMES = _codes(
    "released converted-voluntary extended committed expired transferred left unknown"
)
LAW_ENFORCEMENT_INVOLVEMENTS = _codes(
    "none notified-only staged on-scene-support on-scene-primary team-member transport-only"
    " initiated"
)
FORCE_TYPES = _codes(
    "none verbal-only physical-hold handcuffs soft-restraint chemical-sedation oc-spray"
    " conducted-energy impact canine firearm-displayed firearm-discharged other unknown"
)
TIMELINE_EVENTS = _codes(
    "received answered screened transferred dispatched notified en-route staged on-scene at-patient"
    " assessment-start disposition transport-start at-destination care-transferred cleared"
    " cancelled"
)
HOUSING_STATUSES = _codes(
    "stable unstable homeless-sheltered homeless-unsheltered institutional unknown"
)
EPISODE_TYPES = _codes(
    "crisis-follow-up co-responder-case-management diversion-program post-hold reentry"
)
CLOSURE_REASONS = _codes(
    "goals-met connected-to-care declined unable-to-reach transferred incarcerated"
    " hospitalized-long-term moved deceased other"
)
AGENCY_TYPES = _codes(
    "psap-911 crisis-line-988 law-enforcement ems fire mobile-crisis co-responder-program"
    " alternative-response crisis-stabilization crisis-receiving hospital-ed psychiatric-hospital"
    " bh-clinic ccbhc sud-program shelter peer-organization housing jail-health jail"
    " court-diversion public-health state-bh-authority managed-care funder school researcher"
)
DESTINATION_TYPES = _codes("home other unknown")  # besides the types of agencies
INCIDENT_SYSTEMS = _codes("cad rms pcr crisis-line court other")
IDENTIFIER_TYPES = INCIDENT_SYSTEMS | {"encounter", "agency-person"}

ENCOUNTER_STATUSES = _codes(
    "received triaged queued dispatched en-route on-scene transporting at-destination cleared"
    " resolved-by-phone cancelled duplicate entered-in-error"
)
CONTACT_MODES = _codes("voice text chat video in-person radio")
CALLER_RELATIONSHIPS = _codes("self family friend bystander school provider facility officer other")
PLACE_TYPES = _codes(
    "home street school work shelter facility ed jail vehicle public-building other"
)
WEAPON_TYPES = _codes("none firearm knife blunt vehicle other unknown")
RESPONDER_ROLES_OPEN = _codes(
    "clinician counselor social-worker psychiatrist nurse paramedic emt peer officer deputy"
    " case-manager call-taker supervisor interpreter"
)
CLINICAL_ROLES = _codes("clinician counselor social-worker psychiatrist nurse")
LAW_ENFORCEMENT_ROLES = _codes("officer deputy")
INJURY_LEVELS = _codes("none minor major fatal")
NATURES = _codes("behavioral medical substance cognitive social unknown")
RISK_LEVELS = _codes("none low moderate high unknown")
INTERVENTIONS_OPEN = _codes(
    "de-escalation active-listening safety-planning lethal-means-counseling peer-support"
    " psychoeducation medication-support medical-assessment naloxone basic-needs transport"
    " mediation hold-evaluation telehealth-consult"
)
WOULD_HAVE_GONE_TO = _codes("ed jail ems none unknown")
OFFENSE_LEVELS = _codes("infraction misdemeanor felony warrant-minor")
NARRATIVE_KINDS = _codes("clinical le dispatch")
SENSITIVITY_TAGS = _codes(
    "BH MH PSY PSYTHPN SUD ETH ETHUD OPIOIDUD SDV VIO HIV ADOL SEX GENDER COGN DVD EMOTDIS R V"
)
# Of v3-ActCode, all members of one family with SUD (fhir labels of section SPI and ETH).
SUBSTANCE_TAGS = _codes("SUD ETH ETHUD OPIOIDUD")

IDENTITY_CONFIDENCES = _codes("verified-document self-reported reported-by-other inferred unknown")
GENDERS = _codes("male female other unknown")
EPISODE_OPEN_REASONS = _codes("crisis-encounter referral-in post-discharge court self")
EPISODE_STATUSES = _codes("open waitlist on-hold closed entered-in-error")
ACUITIES = _codes("low medium high")

URGENCIES = _codes("routine urgent asap stat")
REFERRAL_STATUSES = _codes(
    "draft sent acknowledged accepted waitlisted declined scheduled no-show appt-cancelled attended"
    " cancel-requested cancelled closed unable-to-contact person-declined"
)
REFERRAL_STATUS_REASONS_OPEN = _codes(
    "no-capacity no-opening not-eligible out-of-area wrong-service insurance not-reached"
    " wrong-number not-now moved admitted incarcerated deceased duplicate"
)
SERVICES_OPEN = _codes(
    "therapy med-management case-management peer-support stabilization respite bridge partial"
    " intensive-outpatient inpatient outpatient-sud residential-sud withdrawal-management"
    " medication-oud housing food employment legal-aid veterans primary-care"
)
CAPACITY_STATES = _codes("capacity no-capacity waitlist additional-assessment-required")

CONSENT_KINDS = _codes(
    "general-disclosure part2-tpo part2-specific part2-proceedings psychotherapy-notes"
    " law-enforcement-plan research directory-optout"
)
CONSENT_DECISIONS = _codes("permit deny")
CAPTURE_METHODS = _codes("written electronic verbal-witnessed")
CONSENT_ACTIONS = _codes("access disclose use collect correct")
CONFIDENTIALITIES = _codes("U L M N R V")
CONSENT_SENSITIVITIES = SENSITIVITY_TAGS | CONFIDENTIALITIES | {"42CFRPart2"}
HL7_PURPOSES = _codes("TREAT COC ETREAT BTG HPAYMT HOPERAT CAREMGT PUBHLTH HRESCH PATRQT")
CRISIS_PURPOSES = _codes("LEFIELD LEINVEST DIVERSION DISPATCH")
# Recipients that a consent names by what they are to the person.
ACTOR_CLASSES = _codes(
    "treating-provider health-plan third-party-payer program-operations law-enforcement"
    " medical-personnel intermediary"
)
