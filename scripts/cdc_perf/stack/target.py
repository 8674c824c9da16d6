"""The server of the target database."""

import re

import pymongo
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from cdc_perf.waiting import NotReady

STAND_IN = "(stand-in)"
_SECONDS = 5.0
_LENGTH = 200


def server(uri: str) -> str:
    """Return the server's name and version, marked if it is a stand-in for a mongod.

    Raises:
        NotReady: It does not answer.
    """
    try:
        # It reads the files of certificates and keys, and may find them wrong.
        client: MongoClient[dict[str, object]] = MongoClient(uri)
    except (PyMongoError, OSError) as error:
        raise NotReady(_why(error)) from None
    try:
        with pymongo.timeout(_SECONDS):
            answer = client.admin.command("buildInfo")
    except PyMongoError as error:
        raise NotReady(_why(error)) from None
    finally:
        client.close()
    # A mongod reports no other program here, and reports the commit that it was built from.
    # https://www.mongodb.com/docs/manual/reference/command/buildInfo/
    if "gitVersion" in answer:
        return f"MongoDB {answer['version']}"
    return f"{answer.get('process', 'another server')} {STAND_IN}"


def _why(error: Exception) -> str:
    # PyMongo appends its timeouts and what it knows of the servers, and OpenSSL its line of code.
    text = re.split(r" \(_ssl\.c:| \(configured timeouts:", str(error))[0]
    return f"{type(error).__name__}: {text}"[:_LENGTH]


def stand_in(server_name: str) -> str:
    """Return the name of the stand-in, without its version; empty for a mongod."""
    return server_name.partition(" ")[0] if STAND_IN in server_name else ""


def note(server_name: str) -> str:
    """Return the sentence to show beside figures of a stand-in; empty for a mongod."""
    if STAND_IN not in server_name:
        return ""
    return f"MongoDB figures are from {server_name}, not from mongod"
