"""Settings that cannot be used are said with what to do instead, and none goes wrong silently."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest
from aegis_tracker import AegisTrackerWarning, Client, SettingsError, TrainingProgressTracker
from aegis_tracker.settings import service_address, spool_directory
from support.contract_server import ContractServer
from support.trackers import MakeTracker, said_once
from support.trainings import NOBODY_LISTENS, SOURCE, TOKEN

SECRETS = ("hunter2", "somebody", "k3y")
SECRET_URLS = [
    "https://somebody:hunter2@example.org/below",
    "https://somebody@example.org",
    "https://:hunter2@example.org",
    "https://somebody:hunter2@example.org:port",
    "https://somebody:hun/ter2hunter2@example.org",
    "https://somebody:hunter2@[::1",
    "https://somebody:hunter2@exa mple.org/a b",
    "https://somebody:hunter2@\u2100example.org",
    "somebody:hunter2@example.org",
    "ftp://somebody:hunter2@example.org",
    "https://example.org?token=hunter2",
    "https://example.org/below?key=k3y#hunter2",
    "https://example.org/#hunter2",
    "https://example.org:port/?token=hunter2",
    "//somebody:hunter2@example.org",
]


@pytest.mark.parametrize("url", SECRET_URLS)
def test_a_secret_in_a_url_is_refused_and_never_shown(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_URL", url)
    with pytest.raises(SettingsError, match="The service's URL") as raised:
        Client()
    error: BaseException | None = raised.value
    while error is not None:  # a traceback shows what led to an error, too
        assert not [secret for secret in SECRETS if secret in f"{error!s} {error!r}"]
        error = error.__cause__ if error.__cause__ or error.__suppress_context__ else error.__context__


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "https://somebody:hunter2@example.org/below/",
            "Use https://example.org/below, with an access token in token=",
        ),
        ("https://example.org:8443?x=1", "must not have a query (?) or a fragment (#). Use https://example.org:8443."),
        ("https://example.org/below#k3y", "Use https://example.org/below."),
        ("http://user@[::1]:80", "Use http://[::1]:80, with an access token"),
    ],
)
def test_what_to_do_instead_is_said(url: str, said: str) -> None:
    with pytest.raises(SettingsError) as raised:
        service_address(url)
    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://example.org/?", "http://example.org"),
        ("http://example.org/a@b/", "http://example.org/a@b"),
        ("  https://example.org:8443/below/#  ", "https://example.org:8443/below"),
    ],
)
def test_an_empty_query_is_none(url: str, address: str) -> None:
    assert str(service_address(url)) == address


@pytest.mark.parametrize("url", ["https://somebody:hunter2@example.org", "https://example.org/?token=hunter2"])
def test_a_training_with_a_secret_in_its_url_goes_on(
    make_tracker: MakeTracker, spool_dir: Path, caplog: pytest.LogCaptureFixture, url: str
) -> None:
    with said_once("must") as warned:
        tracker = make_tracker(url=url)
        tracker.log("INFO", "kept")
    assert tracker.flush(1) is False
    (path,) = spool_dir.iterdir()
    assert "kept" in path.read_text()
    for told in (path.read_text(), caplog.text, str(warned[0].message)):
        assert "hunter2" not in told


def train_elsewhere(
    folder: Path, environment: dict[str, str | None], arguments: str = ""
) -> "subprocess.CompletedProcess[str]":
    """A training that goes to another folder after its tracker was made, in a spool of several files."""
    program = f"""
import os
from aegis_tracker import TrainingProgressTracker
tracker = TrainingProgressTracker("medical", url="{NOBODY_LISTENS}"{arguments})
os.mkdir("elsewhere")
os.chdir("elsewhere")
for number in range(300):
    tracker.log("WARNING", f"{{number}} " + "x" * 400)
tracker.close(0)
print(tracker._reporter.spool.path)
"""
    settings = {"AEGIS_TOKEN": TOKEN, "PYTHONPATH": SOURCE, "AEGIS_SPOOL_MAX_BYTES": str(256 * 1024)} | environment
    inherited = {name: value for name, value in os.environ.items() if name not in environment}
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=inherited | {name: value for name, value in settings.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.parametrize(
    ("environment", "arguments", "expected", "said"),
    [
        ({"AEGIS_SPOOL_DIR": "spool"}, "", "spool", None),
        ({"AEGIS_SPOOL_DIR": "./a/../spool"}, "", "spool", None),
        ({}, ", spool_dir='spool'", "spool", None),
        ({}, ", spool_dir='.'", ".", None),
        ({"HOME": "home"}, "", "home/.local/state/aegis-tracker", "HOME is 'home'"),
        ({"HOME": "home"}, ", spool_dir='~/spool'", "home/spool", "HOME is 'home'"),
        (
            {"XDG_STATE_HOME": "state", "HOME": "{folder}"},
            "",
            ".local/state/aegis-tracker",
            "XDG_STATE_HOME is 'state'",
        ),
        (
            {"XDG_STATE_HOME": "~/state", "HOME": "{folder}"},
            "",
            ".local/state/aegis-tracker",
            "XDG_STATE_HOME is '~/st",
        ),
    ],
)
def test_a_spool_stays_in_the_folder_it_began_in(
    tmp_path: Path, environment: dict[str, str], arguments: str, expected: str, said: str | None
) -> None:
    (tmp_path / "a").mkdir()
    settings = {"XDG_STATE_HOME": None, "AEGIS_SPOOL_DIR": None} | {
        name: value.format(folder=tmp_path) for name, value in environment.items()
    }
    trained = train_elsewhere(tmp_path, settings, arguments)
    files = [path for path in (tmp_path / expected).iterdir() if path.is_file()]
    assert len(files) > 4
    assert Path(trained.stdout.strip()).samefile(max(files, key=lambda path: path.suffix == ".jsonl"))
    assert os.path.isabs(trained.stdout.strip())
    assert list((tmp_path / "elsewhere").iterdir()) == []
    messages = [line for line in trained.stderr.splitlines() if "AegisTrackerWarning: " in line and " is used" in line]
    assert len(messages) == (said is not None)
    assert said is None or said in messages[0]


@pytest.mark.parametrize("home", [None, ""])
def test_without_home_the_system_is_asked(monkeypatch: pytest.MonkeyPatch, home: str | None) -> None:
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    home_of_user = Path(pwd.getpwuid(os.getuid()).pw_dir)
    assert spool_directory() == home_of_user / ".local/state/aegis-tracker"
    assert spool_directory("~/spool") == home_of_user / "spool"


@pytest.mark.parametrize(
    "folder", ["~no_such_user_here/spool", "a\0b", "{file}/spool", "/proc/no/such/folder", "/dev/null"]
)
@pytest.mark.parametrize("setting", ["argument", "environment"])
def test_a_folder_that_cannot_be_used_is_said_and_reports_go_on_from_memory(
    service: ContractServer,
    make_tracker: MakeTracker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    setting: str,
) -> None:
    (tmp_path / "file").write_text("not a folder")
    folder = folder.format(file=tmp_path / "file")
    if setting == "environment":
        if "\0" in folder:
            return  # no variable can hold it
        monkeypatch.setenv("AEGIS_SPOOL_DIR", folder)
    with said_once("Reports are kept in memory"):
        tracker = make_tracker(spool_dir=folder if setting == "argument" else None)
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.ended


@pytest.mark.parametrize("home", ["/nonexistent", "{folder}/file", "/dev/null"])
def test_a_home_that_is_none_is_said(
    service: ContractServer, make_tracker: MakeTracker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", home.format(folder=tmp_path))
    with said_once("Reports are kept in memory"):
        tracker = make_tracker(spool_dir=None)
    tracker.complete({})
    assert tracker.flush(30)
    assert not Path("/nonexistent").exists()


def test_a_working_folder_that_is_gone_matters_to_relative_folders_alone(tmp_path: Path) -> None:
    program = f"""
import os
from aegis_tracker.settings import SettingsError, spool_directory
os.rmdir(os.getcwd())
print(spool_directory({str(tmp_path)!r}))
try:
    spool_directory("spool")
except SettingsError as error:
    print(error)
"""
    (tmp_path / "gone").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path / "gone",
        env=os.environ | {"PYTHONPATH": SOURCE},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    absolute, refused = done.stdout.splitlines()
    assert absolute == str(tmp_path)
    assert refused.endswith("Set spool_dir= or AEGIS_SPOOL_DIR.")


def test_each_tracker_says_it_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    for _ in range(2):
        with pytest.warns(AegisTrackerWarning) as warned:
            TrainingProgressTracker("medical", url=NOBODY_LISTENS, token=TOKEN).close(timeout=0)
        assert len([one for one in warned if "XDG_STATE_HOME" in str(one.message)]) == 1
    assert (tmp_path / ".local/state/aegis-tracker").is_dir()
