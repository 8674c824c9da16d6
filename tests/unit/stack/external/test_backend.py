"""What to do about an error of an external stack."""

import pytest

from cdc_perf.stack.probes import remedy


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("kafka: a:1: SSL handshake failed: certificate verify failed", "authority that signed"),
        ('postgres: server certificate for "x" does not match host name "y"', "host name that"),
        ("mongodb: Private key doesn't match certificate: [SSL] PEM lib", "and of its key"),
        ("connect: https://c does not answer: TLS: Hostname mismatch", "authority that signed"),
        ("kafka: a:1: SASL authentication error: Invalid credentials", "user and the password"),
        ('postgres: FATAL:  password authentication failed for user "cdc"', "user and the passw"),
        ("connect: http://c refuses the login (401 to GET /)", "user and the password"),
        (
            "kafka: a:1: Disconnected: incorrect security.protocol configuration",
            "security.protocol",
        ),
        ("postgres: connection refused", "fix it, or its address"),
        ("postgres: could not translate host name", "fix it, or its address"),
    ],
)
def test_the_remedy_of_an_error(fault: str, words: str) -> None:
    assert words in remedy(fault)
