"""The containers: a valid file, no default secret, and as few rights as each service can do with."""

import json
import re
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest
from tests.deploy.reading import DEPLOY, VARIABLE, interpolated, parse

SECRETS = {"FEDCARE_DB_OWNER_PASSWORD", "FEDCARE_DB_PASSWORD"}
GIVEN = dict.fromkeys(SECRETS, "given") | {"FEDCARE_PUBLIC_URL": "https://gateway.example"}
OURS = ("tables", "gateway", "coordinator", "node")


def test_the_file_is_valid_by_the_compose_specification(compose) -> None:
    package = find_spec("check_jsonschema")
    if package is None or package.origin is None:
        pytest.skip("check-jsonschema, which brings the schema of the compose specification, is not installed")
    schema = Path(package.origin).parent / "builtin_schemas" / "vendor" / "compose-spec.json"
    problems = jsonschema.Draft7Validator(json.loads(schema.read_text(encoding="utf-8"))).iter_errors(
        interpolated(compose, GIVEN)
    )
    assert not [f"{'/'.join(map(str, each.path))}: {each.message}" for each in problems]


def test_all_five_services_are_there_in_their_profiles(services) -> None:
    profiles = {name: sorted(service["profiles"]) for name, service in services.items()}
    both = ["coordinator", "hospital"]
    assert profiles == {
        "postgres": both,
        "tables": both,
        "gateway": both,
        "coordinator": ["coordinator"],
        "node": ["hospital"],
    }


@pytest.mark.parametrize("secret", sorted(SECRETS))
def test_nothing_starts_without_a_secret_of_its_own(compose, secret: str) -> None:
    with pytest.raises(KeyError, match=secret):
        interpolated(compose["services"], {name: value for name, value in GIVEN.items() if name != secret})


def test_no_secret_has_a_default_or_is_written_down(compose) -> None:
    for name, kind, _ in VARIABLE.findall(json.dumps(compose)):
        assert kind == "?" or not re.search("PASSWORD|SECRET|TOKEN|KEY", name), name
    for service in compose["services"].values():
        for name, value in service["environment"].items():
            if re.search("PASSWORD|SECRET|TOKEN|DATABASE_URL", name):
                assert "${" in value, name


def test_the_example_of_the_environment_names_every_variable_and_no_value_for_a_secret(compose) -> None:
    lines = (DEPLOY / "env.example").read_text(encoding="utf-8").splitlines()
    shown = dict(line.lstrip("#").split("=", 1) for line in lines if re.match(r"#?[A-Z_]+=", line))
    used = {name for name, _, _ in VARIABLE.findall(json.dumps(compose))}
    assert used - set(shown) <= {"FEDCARE_IMAGE", "FEDCARE_GATEWAY_PORT"}
    assert set(shown) <= used
    assert {shown[name] for name in SECRETS} == {""}


def test_every_service_runs_as_nobody_in_particular_and_can_write_only_where_it_must(services) -> None:
    for name, service in services.items():
        assert int(service["user"].split(":")[0]) > 0, name
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert not {"privileged", "cap_add", "devices", "network_mode", "pid", "ipc"} & set(service), name
        assert any(mount.startswith("/tmp") for mount in service["tmpfs"]), name


def test_every_service_that_stays_has_a_health_check_and_comes_back(services) -> None:
    for name, service in services.items():
        if name == "tables":
            assert service["restart"] == "on-failure"
            continue
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["restart"] == "unless-stopped", name


def test_bases_have_exact_tags(services) -> None:
    bases = [services["postgres"]["image"]]
    bases += re.findall(r"^ARG PYTHON=(\S+)", (DEPLOY / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(bases) == 2
    assert all(re.fullmatch(r"[a-z./]+:\d+\.\d+(\.\d+)?-[a-z-]+", base) for base in bases), bases


def test_only_the_coordinators_door_is_open_to_the_network(services) -> None:
    ports = {name: interpolated(service.get("ports", []), GIVEN) for name, service in services.items()}
    assert {name: each for name, each in ports.items() if each} == {
        "gateway": ["127.0.0.1:8000:8000"],
        "coordinator": ["8443:8443"],
    }
    assert services["postgres"]["networks"] == ["inside"]


def test_the_image_runs_as_an_account_without_a_shell(services) -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    account = re.search(r"^USER (\S+)$", text, re.MULTILINE)
    assert account
    assert account[1] == services["node"]["user"]
    assert "nologin" in text
    assert text.index("USER ") > text.index("COPY --from=build")


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_of_fedcares(services, name: str) -> None:
    parse(interpolated(services[name]["command"], GIVEN))
    check = services[name].get("healthcheck", {}).get("test", ["CMD"])
    if check[1:2] == ["fedcare"]:
        parse(check[2:])
