"""What is recorded, by the names of the W3C Data Privacy Vocabulary 2.3: for exports and receipts."""

from consents.models import Status
from processing.models import Basis

# dpv:hasConsentStatus. Only given and renewed are valid for processing.
STATUS = {
    Status.REQUESTED.value: "dpv:ConsentRequested",
    Status.DEFERRED.value: "dpv:ConsentRequestDeferred",
    Status.GIVEN.value: "dpv:ConsentGiven",
    Status.RENEWED.value: "dpv:RenewedConsentGiven",
    Status.REFUSED.value: "dpv:ConsentRefused",
    Status.WITHDRAWN.value: "dpv:ConsentWithdrawn",
    Status.EXPIRED.value: "dpv:ConsentExpired",
    Status.INVALIDATED.value: "dpv:ConsentInvalidated",
    Status.REVOKED.value: "dpv:ConsentRevoked",
    Status.UNKNOWN.value: "dpv:ConsentUnknown",
}
# There is no vocabulary of the UK GDPR's Article 6: the same articles of the EU's, and a term of our own for (ea).
BASIS = {basis.value: f"eu-gdpr:A6-1-{basis.value}" for basis in Basis if basis != Basis.RECOGNISED}
BASIS[Basis.RECOGNISED.value] = "https://privacy.kraken.im/terms#uk-A6-1-ea"
# Data categories that the personal data extension names.
DATA = {"email": "pd:EmailAddress", "name": "pd:Name", "phone": "pd:TelephoneNumber", "job-title": "pd:JobTitle"}
CONTEXT = {
    "dpv": "https://w3id.org/dpv#",
    "pd": "https://w3id.org/dpv/pd#",
    "loc": "https://w3id.org/dpv/loc#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "legal-gb": "https://w3id.org/dpv/legal/gb#",
    "dct": "http://purl.org/dc/terms/",
    "schema": "https://schema.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
}
RECEIPT = "https://w3id.org/dpv/schema/dpv-27560#receipt"
RECORD = "https://w3id.org/dpv/schema/dpv-27560#record"
