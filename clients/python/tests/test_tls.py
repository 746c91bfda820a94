"""Reports over TLS, with a certificate that the training trusts or does not trust."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.closed_descriptors import in_the_middle_of_a_request
from support.contract_server import ContractServer
from support.trainings import TOKEN, ended, run_training, start_python


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A self-signed certificate of `localhost`, and its key."""
    if shutil.which("openssl") is None:
        assert os.environ.get("CI") != "true", "CI must test TLS: there is no openssl on PATH"
        pytest.skip("there is no openssl on PATH")
    folder = tmp_path_factory.mktemp("tls")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out certificate.pem -days 2"
    command += " -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    subprocess.run(command.split(), cwd=folder, check=True, capture_output=True)
    return folder / "certificate.pem", folder / "key.pem"


@pytest.fixture
def tls_service(certificate: tuple[Path, Path]) -> Iterator[ContractServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with ContractServer(TOKEN, tls=context) as server:
        yield server


def test_a_training_reports_over_tls(
    tls_service: ContractServer, spool_dir: Path, certificate: tuple[Path, Path]
) -> None:
    trusts = {"SSL_CERT_FILE": str(certificate[0])}
    told = ended(run_training("tracker.complete({})", tls_service.url, spool_dir, environment=trusts))
    assert told == ("", "")
    assert tls_service.ended()


def test_a_certificate_that_is_not_trusted_is_said(tls_service: ContractServer, spool_dir: Path) -> None:
    with run_training("tracker.complete({})\nsys.stdin.readline()", tls_service.url, spool_dir) as training:
        training.errors.await_("CERTIFICATE_VERIFY_FAILED")
        training.kill()
        training.communicate()
    assert tls_service.runs == {}
    assert len(list(spool_dir.iterdir())) == 1


@pytest.mark.parametrize("step", ["socket.socket.connect", "ssl.SSLSocket.do_handshake", "ssl.SSLSocket.sendall"])
def test_descriptors_are_closed_in_the_middle_of_a_request(
    tls_service: ContractServer, spool_dir: Path, certificate: tuple[Path, Path], step: str
) -> None:
    trusts = {"SSL_CERT_FILE": str(certificate[0])}
    program = in_the_middle_of_a_request(step)
    ended(start_python(tls_service.url, spool_dir, "-c", program, environment=trusts))
    assert tls_service.run.texts() == ["one", ""]
