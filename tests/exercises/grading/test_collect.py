"""What counts as a submission, in files, folders and archives.

It has more than 350 lines because course systems export in many ways, and archives can be hostile in many more.
"""

import io
import os
import stat
import zipfile
import zlib
from pathlib import Path

import pytest

from handgrad.errors import ExerciseError
from handgrad.exercises.grading import archive
from handgrad.exercises.grading.archive import MAXIMUM_INNER
from handgrad.exercises.grading.collect import Found, find_submissions

MOODLE = "{}_{}_assignsubmission_file_"


def zipped(path: Path, *members: tuple[str | zipfile.ZipInfo, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members:
            file.writestr(name, content)
    return path


def in_memory(*members: tuple[str, str | bytes]) -> bytes:
    """Give an archive as bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as file:
        for name, text in members:
            file.writestr(name, text)
    return content.getvalue()


def filled(folder: Path, *names: str) -> Path:
    """Write files into a folder, each with its own name as content."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    return folder


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Give an empty folder for what is unpacked."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def contents(found: tuple[Found, ...]) -> dict[str, str]:
    """Map names to what was handed in, or to the reason why nothing was."""
    return {one.name: one.file.read_text(encoding="utf-8") if one.file else one.reason for one in found}


def test_folder_of_files(tmp_path: Path, scratch: Path) -> None:
    """Each notebook and module in a folder is a submission, named after its file; a document is one that lacks both."""
    folder = filled(tmp_path / "class", "anna.ipynb", "ben.py", "Cem.IPYNB", "notes.txt", "grades.csv")
    found = find_submissions([folder], scratch)
    reason = "notes.txt is not an .ipynb or .py file"
    assert contents(found) == {"anna": "anna.ipynb", "ben": "ben.py", "Cem": "Cem.IPYNB", "notes": reason}
    assert [one.name for one in found] == ["anna", "ben", "Cem", "notes"]


def test_a_document_beside_a_single_submission_belongs_to_it(tmp_path: Path, scratch: Path) -> None:
    """As where a course system grades one submission at a time."""
    folder = filled(tmp_path / "submission", "anna.py", "report.pdf")
    assert contents(find_submissions([folder], scratch)) == {"anna": "anna.py"}


def test_of_both_sheets_in_one_folder_the_one_to_be_graded_counts(tmp_path: Path, scratch: Path) -> None:
    """They are what ``handgrad exercise new --part both`` writes."""
    folder = filled(tmp_path / "class", "anna/sheet.py", "anna/sheet3.py", "ben/sheet.py")
    for wanted in ("sheet", "sheet3"):
        found = contents(find_submissions([folder], scratch, wanted))
        assert found == {"anna": f"anna/{wanted}.py", "ben": "ben/sheet.py"}
    assert "not clear which one counts" in contents(find_submissions([folder], scratch))["anna"]


def test_folder_of_folders(tmp_path: Path, scratch: Path) -> None:
    """A folder for each learner: the notebook counts before a module, and the uppermost before deeper ones."""
    folder = filled(
        tmp_path / "class",
        "anna/sheet.ipynb",
        "anna/tools.py",
        "anna/old/sheet.ipynb",
        "ben/work/mine.py",
        "cem/essay.pdf",
    )
    expected = {"anna": "anna/sheet.ipynb", "ben": "ben/work/mine.py", "cem": "no .ipynb or .py file"}
    assert contents(find_submissions([folder], scratch)) == expected


def test_folders_that_sort_others(tmp_path: Path, scratch: Path) -> None:
    """Folders that only sort learners' folders into groups give nobody a name."""
    folder = filled(
        tmp_path / "class", "monday/anna/sheet.py", "monday/ben/sheet.py", "friday/cem/a.py", "friday/d/a.py"
    )
    found = find_submissions([folder], scratch)
    assert [one.name for one in found] == ["anna", "ben", "cem", "d"]


def test_a_project_with_folders_is_one_learners(tmp_path: Path, scratch: Path) -> None:
    """Its parts are no learners."""
    folder = filled(
        tmp_path / "class", "sheet-4-anna/sheet.ipynb", "sheet-4-ben/src/sheet.ipynb", "sheet-4-ben/tests/x.py"
    )
    found = find_submissions([folder], scratch)
    assert contents(found) == {"sheet-4-anna": "sheet-4-anna/sheet.ipynb", "sheet-4-ben": "sheet-4-ben/src/sheet.ipynb"}


def test_folders_named_one_by_one(tmp_path: Path, scratch: Path) -> None:
    """Learners' folders may be given one by one, as a shell expands a star; they give their names to the sheets."""
    folder = filled(tmp_path, "anna/sheet.ipynb", "anna/tools.py", "ben/sheet3.py")
    found = find_submissions([folder / "anna", folder / "ben"], scratch)
    assert contents(found) == {"anna": "anna/sheet.ipynb", "ben": "ben/sheet3.py"}


def test_single_files(tmp_path: Path, scratch: Path) -> None:
    """Files may be given one by one; what is neither notebook nor module nor archive is told so."""
    folder = filled(tmp_path, "anna.py", "ben/sheet.ipynb", "essay.pdf")
    found = find_submissions([folder / "anna.py", folder / "ben/sheet.ipynb", folder / "essay.pdf"], scratch)
    assert contents(found) == {
        "anna": "anna.py",
        "ben": "ben/sheet.ipynb",
        "essay": "essay.pdf: essay.pdf is not an .ipynb or .py file",
    }


def test_export_of_moodle(tmp_path: Path, scratch: Path) -> None:
    """Moodle's folders and flat files give names and numbers; its online texts are not taken for submissions."""
    path = zipped(
        tmp_path / "export.zip",
        (MOODLE.format("Müller Anna", 12345) + "/sheet.ipynb", "anna"),
        (MOODLE.format("Ben O'Neill", 12346) + "/work/deep/my sheet.py", "ben"),
        (MOODLE.format("Ben O'Neill", 12346).replace("file", "onlinetext") + "/onlinetext.html", "<p>"),
        (MOODLE.format("Li Cem", 12347) + "my sheet (2).ipynb", "cem"),
        (MOODLE.format("Deniz Ü", 12348) + "/essay.pdf", "%PDF"),
    )
    found = find_submissions([path], scratch)
    assert contents(found) == {
        "Müller Anna": "anna", "Ben O'Neill": "ben", "Li Cem": "cem", "Deniz Ü": "no .ipynb or .py file"
    }  # fmt: skip
    assert {one.name: one.id for one in found}["Li Cem"] == "12347"


def test_export_of_canvas(tmp_path: Path, scratch: Path) -> None:
    """Canvas's flat files give names and numbers, also late ones."""
    names = ("mulleranna_123_4567_sheet-1.ipynb", "oneillben_LATE_124_4568_sheet.py")
    path = zipped(tmp_path / "export.zip", *((name, name) for name in names))
    assert [(one.name, one.id) for one in find_submissions([path], scratch)] == [
        ("mulleranna", "123"),
        ("oneillben", "124"),
    ]


def test_numbers_in_a_name_of_ones_own_are_not_canvas(tmp_path: Path, scratch: Path) -> None:
    """Canvas's have many digits; the number of a sheet or an exercise has few."""
    names = ("sheet_4_1_anna.ipynb", "sheet_4_2_ben.ipynb", "uebung_4_2_maier.ipynb")
    found = find_submissions([filled(tmp_path / "class", *names)], scratch)
    assert [(one.name, one.id) for one in found] == [(name.removesuffix(".ipynb"), "") for name in names]


@pytest.mark.parametrize("others", [("anna/sheet.ipynb", "ben/sheet.ipynb"), ("sheet (1).ipynb", "sheet (2).ipynb")])
def test_a_blank_sheet_beside_the_submissions_hides_nobody(
    others: tuple[str, ...], tmp_path: Path, scratch: Path
) -> None:
    """A file with the name of the sheet makes a folder that of one learner only if nobody else's work is there."""
    path = filled(tmp_path / "class", "sheet.ipynb", *others)
    assert {*contents(find_submissions([path], scratch)).values()} == {"sheet.ipynb", *others}


def test_names_of_archives_that_do_not_say_their_encoding(tmp_path: Path, scratch: Path) -> None:
    """The program zip writes UTF-8 without saying so; what cannot be that is Windows's own."""
    path = tmp_path / "export.zip"
    zipped(path, ("Mu__ller/sheet.py", "utf-8"), ("Ju_rgen/sheet.py", "cp437"))
    content = path.read_bytes()
    path.write_bytes(
        content.replace(b"Mu__ller", "Mu\u0308ller".encode()).replace(b"Ju_rgen", "Jüürgen"[:7].encode("cp437"))
    )
    names = [one.name for one in find_submissions([path], scratch)]
    assert names == ["Jüürgen", "Mu\u0308ller"]


def test_folder_around_everything(tmp_path: Path, scratch: Path) -> None:
    """A folder that only holds the others, in an archive, gives nobody a name."""
    path = zipped(tmp_path / "export.zip", ("all/anna/sheet.py", "a"), ("all/ben/sheet.py", "b"))
    assert contents(find_submissions([path], scratch)) == {"anna": "a", "ben": "b"}


def test_archive_of_one_learner(tmp_path: Path, scratch: Path) -> None:
    """An archive within the export is looked into; learners' archives may also be given one by one."""
    inner = in_memory(("sheet.ipynb", "anna"), ("picture.png", "x"))
    path = zipped(tmp_path / "export.zip", (MOODLE.format("Anna", 1) + "/work.zip", inner), ("ben.zip", inner))
    assert contents(find_submissions([path], scratch)) == {"Anna": "anna", "ben": "anna"}
    (tmp_path / "cem.zip").write_bytes(inner)
    (room := tmp_path / "more").mkdir()
    assert contents(find_submissions([tmp_path / "cem.zip"], room)) == {"cem": "anna"}


def test_what_systems_leave_behind(tmp_path: Path, scratch: Path) -> None:
    """Checkpoints, caches, and what macOS puts into archives, are nobody's submission."""
    path = zipped(
        tmp_path / "export.zip",
        ("anna/sheet.ipynb", "anna"),
        ("anna/.ipynb_checkpoints/sheet-checkpoint.ipynb", "old"),
        ("__MACOSX/anna/._sheet.ipynb", "x"),
        ("ben/sheet.py", "ben"),
        ("ben/__pycache__/sheet.py", "x"),
        ("ben/._sheet.ipynb", "x"),
    )
    assert contents(find_submissions([path], scratch)) == {"anna": "anna", "ben": "ben"}


def test_names_are_distinct(tmp_path: Path, scratch: Path) -> None:
    """Two of one name are told apart by their folders, and by a number where these are alike, too."""
    folder = filled(tmp_path, "a/x/mine.py", "b/x/mine.py", "c/mine.py")
    found = find_submissions([folder / "a" / "x", folder / "b" / "x", folder / "c"], scratch)
    assert sorted(one.name for one in found) == ["c/mine", "x/mine", "x/mine (2)"]


def test_several_notebooks_are_no_guess(tmp_path: Path, scratch: Path) -> None:
    """Of several notebooks the one named like the sheet counts; otherwise nobody guesses."""
    folder = filled(tmp_path / "class", "anna/a.ipynb", "anna/b.ipynb", "ben/sheet.ipynb", "ben/copy.ipynb", "cem/c.py")
    found = contents(find_submissions([folder], scratch))
    assert found["anna"] == "2 files of one type (a.ipynb, b.ipynb), and it is not clear which one counts"
    assert found["ben"] == "ben/sheet.ipynb"


@pytest.mark.parametrize(
    "name", ["../evil.py", "/etc/evil.py", "anna/../../evil.py", "..\\evil.py", "C:\\evil.py", "C:/x.py"]
)
def test_path_out_of_the_archive(name: str, tmp_path: Path, scratch: Path) -> None:
    """A member whose name leads elsewhere is refused, the others are read, and nothing is written outside."""
    path = zipped(tmp_path / "export.zip", (name, "evil"), ("ben/sheet.py", "ben"), ("cem/sheet.py", "cem"))
    before = {path for path in tmp_path.rglob("*") if scratch not in path.parents}
    found = contents(find_submissions([path], scratch))
    assert (found.pop("ben"), found.pop("cem")) == ("ben", "cem")
    assert all("leads out of the archive" in reason for reason in found.values())
    assert len(found) == 1
    assert {path for path in tmp_path.rglob("*") if scratch not in path.parents} == before


def reason_against_evil(path: Path, scratch: Path) -> str:
    """Give the reason why the submission of ``evil`` in an archive is refused, with that of ``good`` read."""
    found = contents(find_submissions([path], scratch))
    assert found["good"] == "good"
    return found["evil"]


def test_link_in_an_archive(tmp_path: Path, scratch: Path) -> None:
    """A link in an archive is refused, not followed."""
    link = zipfile.ZipInfo("evil/sheet.py")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    path = zipped(tmp_path / "export.zip", (link, "/etc/passwd"), ("good/sheet.py", "good"))
    assert "a link" in reason_against_evil(path, scratch)


def test_link_in_a_folder(tmp_path: Path, scratch: Path) -> None:
    """Links in a folder of submissions are refused, to files and to folders; a link that is named is the user's own."""
    folder = filled(tmp_path / "class", "good/sheet.py", "evil/a.txt")
    secret = filled(tmp_path / "elsewhere", "secret.py")
    (folder / "evil" / "sheet.py").symlink_to(secret / "secret.py")
    (folder / "linked").symlink_to(secret)
    found = contents(find_submissions([folder], scratch))
    assert found == {"good": "good/sheet.py", "evil": "sheet.py: it is a link, which may lead anywhere"}
    (tmp_path / "own.py").symlink_to(secret / "secret.py")
    assert contents(find_submissions([tmp_path / "own.py"], scratch)) == {"own": "secret.py"}


@pytest.mark.parametrize("name", ["mallory.zip", "mallory.py", "Mallory_7_assignsubmission_file_/sheet.ipynb"])
def test_a_pipe_is_not_waited_for(name: str, tmp_path: Path, scratch: Path) -> None:
    """A file that is no regular one is refused, in a folder and by its own name; reading it might never end."""
    (tmp_path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(tmp_path / name)
    (tmp_path / "anna.py").write_text("x = 1", encoding="utf-8")
    found = {one.name.lower(): one for one in find_submissions([tmp_path], scratch)}
    assert (found["mallory"].file, found["anna"].reason) == (None, "")
    assert "not a regular file" in found["mallory"].reason
    if name.endswith(".zip"):
        [one] = find_submissions([tmp_path / name], scratch)
        assert "not a regular file" in one.reason


def test_encrypted_member(tmp_path: Path, scratch: Path) -> None:
    """A member that needs a password is refused as encrypted."""
    path = zipped(
        tmp_path / "export.zip", ("evil/sheet.py", "evil"), ("good/sheet.py", "good"), method=zipfile.ZIP_STORED
    )
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(signature) + offset] |= 1
    path.write_bytes(content)
    assert "it is encrypted" in reason_against_evil(path, scratch)


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_other_compression(method: int, tmp_path: Path, scratch: Path) -> None:
    """Members are read if they are stored or deflated, for other ways may ask for any amount of memory."""
    evil = zipfile.ZipInfo("evil/sheet.py")
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr(evil, "evil", compress_type=method)
        file.writestr("good/sheet.py", "good")
    assert "compression method is not supported" in reason_against_evil(path, scratch)


def test_bomb_is_stopped(tmp_path: Path, scratch: Path) -> None:
    """A notebook of a gigabyte of blanks, in a few kilobytes, is unpacked no further than a submission may go."""
    bomb = tmp_path / "export.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
        with file.open("evil/sheet.ipynb", "w") as member:
            for _ in range(200):
                member.write(bytes(2**20))
        file.writestr("good/sheet.py", "good")
    assert bomb.stat().st_size < 10**6
    assert "over 5,000,000 bytes" in reason_against_evil(bomb, scratch)
    assert sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file()) < 7 * 10**6


def test_bomb_that_lies_is_stopped(tmp_path: Path, scratch: Path) -> None:
    """A member that says it is small and is not is refused; what its header promises is not believed."""
    path = zipped(tmp_path / "export.zip", ("evil/sheet.ipynb", bytes(8 * 10**6)), ("good/sheet.py", "good"))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.index(signature) + offset
        content[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    assert reason_against_evil(path, scratch)
    assert sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file()) < 7 * 10**6


def test_all_archives_share_a_bound(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes out of all archives together is bounded; what is beyond is refused."""
    monkeypatch.setattr(archive, "MAXIMUM_UNPACKED", 250)
    path = zipped(tmp_path / "export.zip", *((f"{name}/sheet.py", "x" * 100) for name in "abcd"))
    found = contents(find_submissions([path], scratch))
    assert [len(found[name]) == 100 for name in "abcd"] == [True, True, False, False]
    assert "it has over 50 bytes" in found["c"]


def test_too_many_members(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive of more members than any class hands in is refused as a whole, and the next path is read."""
    monkeypatch.setattr(archive, "MAXIMUM_MEMBERS", 10)
    path = zipped(tmp_path / "evil.zip", *((f"{i}.py", "") for i in range(11)))
    good = filled(tmp_path, "good.py") / "good.py"
    assert contents(find_submissions([path, good], scratch)) == {
        "evil.zip": "the archive has 11 members; at most 10 are read",
        "good": "good.py",
    }


def test_archive_in_an_archive_in_an_archive(tmp_path: Path, scratch: Path) -> None:
    """A learner's archive is looked into, one within that is not."""
    nested = in_memory(("again.zip", in_memory(("sheet.py", "evil"))))
    path = zipped(tmp_path / "export.zip", ("evil.zip", nested), ("good.py", "good"))
    assert "it is an archive within an archive" in reason_against_evil(path, scratch)


def test_large_inner_archive(tmp_path: Path, scratch: Path) -> None:
    """A learner's archive may be of some size, and not more."""
    path = zipped(tmp_path / "export.zip", ("evil.zip", bytes(MAXIMUM_INNER + 1)), ("good.py", "good"))
    assert "over 20,000,000 bytes" in reason_against_evil(path, scratch)


def test_damaged_member(tmp_path: Path, scratch: Path) -> None:
    """A member whose bytes do not fit its checksum is refused."""
    path = zipped(
        tmp_path / "export.zip", ("evil/sheet.py", "evil" * 50), ("good/sheet.py", "good"), method=zipfile.ZIP_STORED
    )
    content = path.read_bytes()
    path.write_bytes(content.replace(b"evilevil", b"evilEVIL", 1))
    assert "Bad CRC-32" in reason_against_evil(path, scratch)


def test_two_members_of_one_name(tmp_path: Path, scratch: Path) -> None:
    """Two members of one name are refused, for it cannot be told which one counts."""
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("evil/sheet.py", "1")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("evil/sheet.py", "2")
        file.writestr("good/sheet.py", "good")
    assert "two files of this name" in reason_against_evil(path, scratch)


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", zlib.compress(b"x"), b"PK\x05\x06" + bytes(18) + b"x"])
def test_what_is_no_archive(content: bytes, tmp_path: Path, scratch: Path) -> None:
    """A file that only calls itself an archive gets a row with the reason; the other paths are read."""
    (tmp_path / "evil.zip").write_bytes(content)
    good = filled(tmp_path, "good.py") / "good.py"
    found = contents(find_submissions([tmp_path / "evil.zip", good], scratch))
    assert found.pop("good") == "good.py"
    assert all("not a readable ZIP archive" in reason for reason in found.values())


def test_truncated_archive_never_raises(tmp_path: Path, scratch: Path) -> None:
    """An archive cut anywhere, or with any byte changed, ends in reasons, not in an exception."""
    whole = in_memory(("a/sheet.py", "print(1)" * 20), ("b/sheet.ipynb", "{}"))
    path, good = tmp_path / "export.zip", filled(tmp_path, "good.py") / "good.py"
    for i in range(len(whole)):
        for number, content in enumerate((whole[:i], whole[:i] + bytes([whole[i] ^ 0xFF]) + whole[i + 1 :])):
            path.write_bytes(content)
            room = scratch / f"{i}-{number}"
            room.mkdir()
            found = find_submissions([path, good], room)
            assert "good" in [one.name for one in found]
            assert all((one.file is None) != (one.reason == "") for one in found)


def test_missing_path_is_refused(tmp_path: Path, scratch: Path, refused) -> None:
    """A path that is not there is the user's slip: it is refused at once."""
    with refused(ExerciseError, "nowhere.zip"):
        find_submissions([tmp_path / "nowhere.zip"], scratch)


def test_nothing_found_is_refused(tmp_path: Path, scratch: Path, refused) -> None:
    """A folder without any submission is refused, and so is a file of another kind, or no path at all."""
    with refused(ExerciseError, "no submission"):
        find_submissions([filled(tmp_path / "empty", "notes.txt")], scratch)
    with refused(ExerciseError, "no submission in", "notes.txt"):
        find_submissions([tmp_path / "empty" / "notes.txt"], scratch)
    with refused(ExerciseError, "no submission in nothing"):
        find_submissions([], scratch)


@pytest.mark.skipif(os.getuid() == 0, reason="nothing is unreadable for the superuser")
def test_unreadable_folder(tmp_path: Path, scratch: Path) -> None:
    """A folder that cannot be listed gets a row with the reason."""
    folder = filled(tmp_path / "class", "anna.py")
    folder.chmod(0)
    try:
        assert "cannot be read" in contents(find_submissions([folder], scratch))["class"]
    finally:
        folder.chmod(0o755)
