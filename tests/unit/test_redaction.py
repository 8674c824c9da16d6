import json

import pytest

from cdc_perf.errors import StackFailure
from cdc_perf.redaction import redacted
from cdc_perf.waiting import NotReady

SECRETS = ("someone", "hunter2")


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://someone:hunter2@db.test:5432/cdc",
        "mongodb+srv://someone:hun%40ter2@db.test,hunter2@other.test/?tls=true",
        "http://someone:hunter2@connect.test/connectors does not answer",
        "see http://hunter2@connect.test and http://someone@other.test",
        "'http://someone:p@hunter2@connect.test'",
        "https://blob.test/x?sv=1&sig=hunter2&se=2",
        "host=db.test password=hunter2 dbname=cdc",
        "host=db.test password='hunter2 hunter2' dbname=cdc",
        "postgresql://db.test/cdc?sslpassword=hunter2",
        "access_token=hunter2",
        "database.pwd=hunter2",
    ],
)
def test_users_and_passwords_are_hidden_and_the_rest_stays(text: str) -> None:
    found = redacted(text)
    assert not [word for word in SECRETS if word in found], found
    assert "***" in found
    assert redacted(found) == found


@pytest.mark.parametrize(
    "text",
    [
        "mail someone@example.test about http://host.test/path",
        "http://host.test/a@b",
        '{"a":"http://host.test:1","b":"x@y"}',
        "3 tokens = 4, and nothing else",
        "unix:///var/run/docker.sock",
    ],
)
def test_text_without_a_secret_is_left_alone(text: str) -> None:
    assert redacted(text) == text


def test_json_stays_json() -> None:
    text = json.dumps({"dsn": "host=a password=hunter2", "url": "http://u:p@h", "x": "a@b"})
    assert json.loads(redacted(text)) == {
        "dsn": "host=a password=***",
        "url": "http://***@h",
        "x": "a@b",
    }


def test_no_failure_and_no_reason_to_wait_holds_a_password() -> None:
    url = "http://someone:hunter2@connect.test"
    failure = StackFailure(url, hint=url, detail=(url,))
    parts = (failure.message, failure.hint, *failure.detail, *failure.args, str(failure))
    assert [part for part in (*parts, str(NotReady(url))) if "hunter2" in part] == []
