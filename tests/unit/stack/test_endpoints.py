from pathlib import Path

import msgspec

from scripts.stack.endpoints import Endpoints


def test_endpoints_read_back_from_their_file(tmp_path: Path, endpoints: Endpoints) -> None:
    path = tmp_path / ".stack" / "endpoints.json"
    endpoints.write(path)
    assert msgspec.json.decode(path.read_bytes(), type=Endpoints) == endpoints


def test_each_address_has_its_variable(endpoints: Endpoints) -> None:
    environment = endpoints.environment()
    assert environment["CDC_POSTGRES_DSN"] == endpoints.postgres_dsn
    assert environment["CDC_MONGODB_DATABASE"] == "cdc"
    assert len(environment) == len(Endpoints.__struct_fields__)
