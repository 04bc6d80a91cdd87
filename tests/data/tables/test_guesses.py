"""Which column is taken as the label: the layouts of the commonest public tables, each in a small table of our own."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from handgrad.data import load_data
from handgrad.data.settings import TableOptions
from handgrad.data.tables.formats import read_frame
from handgrad.data.tables.one_hot import labelled
from handgrad.errors import DataError

ROWS = 120
CHANCE = random.Random(0)  # noqa: S311 - no secret
Draw = Callable[[int], Any]


def words(*names: str) -> Draw:
    """Draw words."""
    return lambda _: CHANCE.choice(names)


def whole(low: int, high: int) -> Draw:
    """Draw whole numbers."""
    return lambda _: CHANCE.randint(low, high)


def real(_: int) -> float:
    """Draw a number with a fraction."""
    return round(CHANCE.uniform(0, 90), 2)


def text(row: int) -> str:
    """Write a name that no other row has."""
    return f"name-{row}"


def number(row: int) -> int:
    """Count the rows."""
    return row + 1


YES, SEX, BIT = words("Yes", "No"), words("male", "female"), whole(0, 1)
BOOL = words("True", "False")
AGE = whole(18, 80)


def table(folder: Path, columns: list[tuple[str, Draw]], header: bool = True) -> Path:
    """Write a table of such columns."""
    lines = [",".join(name for name, _ in columns)] if header else []
    lines += [",".join(str(draw(row)) for _, draw in columns) for row in range(ROWS)]
    (folder / "t.csv").write_text("\n".join(lines) + "\n")
    return folder / "t.csv"


def label_of(path: Path) -> tuple[str, tuple[str, ...]]:
    """Return which column is taken as the label, and what is said of it."""
    _, name, notes = labelled(read_frame(path), None)
    return name, notes


NAMED: dict[str, tuple[str, list[tuple[str, Draw]]]] = {
    "iris": ("species", [("sepal_length", real), ("petal_length", real), ("species", words("a", "b", "c"))]),
    "titanic": (
        "Survived",
        [("PassengerId", number), ("Survived", BIT), ("Pclass", whole(1, 3)), ("Name", text), ("Sex", SEX),
         ("Age", real), ("SibSp", whole(0, 5)), ("Fare", real), ("Embarked", words("S", "C", "Q"))],
    ),
    "titanic, without words but the port": (
        "Survived",
        [("Survived", BIT), ("Pclass", whole(1, 3)), ("Age", real), ("Embarked", words("S", "C", "Q"))],
    ),
    "pima": ("Outcome", [("Pregnancies", whole(0, 12)), ("Glucose", whole(60, 190)), ("BMI", real), ("Outcome", BIT)]),
    "adult": (
        "income",
        [("age", AGE), ("workclass", words("Private", "State-gov")), ("sex", SEX), ("hours", whole(20, 60)),
         ("native-country", words("US", "Peru")), ("income", words("<=50K", ">50K"))],
    ),
    "churn of a bank": (
        "Exited",
        [("RowNumber", number), ("CustomerId", whole(15000000, 15900000)), ("Surname", text),
         ("Geography", words("France", "Spain", "Germany")), ("Gender", SEX), ("Age", AGE), ("HasCrCard", BIT),
         ("IsActiveMember", BIT), ("EstimatedSalary", real), ("Exited", BIT)],
    ),
    "mushroom": ("class", [("class", words("e", "p")), ("odor", words("n", "f")), ("habitat", words("d", "u", "g"))]),
    "quality of wine": ("quality", [("alcohol", real), ("pH", real), ("quality", whole(3, 8))]),
    "quality of red and white wine": (
        "quality", [("type", words("red", "white")), ("alcohol", real), ("pH", real), ("quality", whole(3, 8))],
    ),
    "advertisements": (
        "Purchased",
        [("User ID", whole(15000000, 15900000)), ("Gender", SEX), ("Age", AGE), ("Salary", real), ("Purchased", BIT)],
    ),
    "one column of words, 0 or 1 last": ("bought", [("age", AGE), ("city", words("a", "b", "c")), ("bought", BIT)]),
    "one column of words, true or false last": (
        "sick", [("age", AGE), ("city", words("a", "b", "c")), ("weight", real), ("sick", BOOL)]
    ),
    "names, and codes last": ("kind", [("animal", text), ("hair", BIT), ("legs", whole(0, 8)), ("kind", whole(1, 7))]),
    "words first, numbers behind": ("letter", [("letter", words(*"ABC")), ("x", real), ("width", whole(0, 90))]),
}  # fmt: skip

# Collected before the rules were made, and set aside until they were.
OTHERS: dict[str, tuple[str, list[tuple[str, Draw]]]] = {
    "heart failure": (
        "HeartDisease",
        [("Age", AGE), ("Sex", words("M", "F")), ("ChestPainType", words("ATA", "NAP", "ASY")), ("MaxHR", AGE),
         ("ExerciseAngina", words("Y", "N")), ("Oldpeak", real), ("ST_Slope", words("Up", "Flat")),
         ("HeartDisease", BIT)],
    ),
    "heart failure, clinical records": (
        "DEATH_EVENT",
        [("age", AGE), ("anaemia", BIT), ("platelets", real), ("sex", BIT), ("smoking", BIT), ("time", whole(4, 285)),
         ("DEATH_EVENT", BIT)],
    ),
    "penguins": (
        "species",
        [("species", words("Adelie", "Gentoo", "Chinstrap")), ("island", words("Biscoe", "Dream")),
         ("bill_length_mm", real), ("body_mass_g", whole(2700, 6300)), ("sex", SEX)],
    ),
    "penguins, with the year": (
        "species",
        [("species", words("Adelie", "Gentoo", "Chinstrap")), ("island", words("Biscoe", "Dream")),
         ("bill_length_mm", real), ("sex", SEX), ("year", whole(2007, 2009))],
    ),
    "credit default": (
        "default.payment.next.month",
        [("ID", number), ("LIMIT_BAL", real), ("SEX", whole(1, 2)), ("EDUCATION", whole(1, 4)), ("PAY_0", whole(-2, 8)),
         ("BILL_AMT1", real), ("default.payment.next.month", BIT)],
    ),
    "churn of a telephone company": (
        "Churn",
        [("customerID", text), ("gender", SEX), ("SeniorCitizen", BIT), ("Partner", YES), ("tenure", whole(0, 72)),
         ("MonthlyCharges", real), ("Churn", YES)],
    ),
    "breast cancer": (
        "diagnosis", [("id", whole(8000, 900000)), ("diagnosis", words("M", "B")), ("radius", real), ("area", real)],
    ),
    "loans": (
        "Loan_Status",
        [("Loan_ID", text), ("Gender", SEX), ("Income", whole(1000, 9000)), ("Credit_History", BIT),
         ("Area", words("Urban", "Rural")), ("Loan_Status", words("Y", "N"))],
    ),
    "attrition": (
        "Attrition",
        [("Age", AGE), ("Attrition", YES), ("BusinessTravel", words("Rarely", "Often")), ("MonthlyIncome", AGE),
         ("YearsAtCompany", whole(0, 40))],
    ),
    "stroke": (
        "stroke",
        [("id", whole(1, 70000)), ("gender", SEX), ("age", AGE), ("hypertension", BIT), ("heart_disease", BIT),
         ("bmi", real), ("smoking_status", words("never", "smokes")), ("stroke", BIT)],
    ),
    "German credit": (
        "Risk", [("Age", AGE), ("Sex", SEX), ("Housing", words("own", "rent")), ("Amount", AGE),
                 ("Risk", words("good", "bad"))],
    ),
    "glass": ("Type", [("RI", real), ("Na", real), ("Fe", real), ("Type", whole(1, 7))]),
    "marketing of a bank": (
        "y", [("age", AGE), ("job", words("admin", "services")), ("default", words("no", "yes")), ("loan", YES),
              ("duration", AGE), ("y", words("no", "yes"))],
    ),
    "Parkinson's disease": (
        "status", [("name", text), ("MDVP:Fo(Hz)", real), ("NHR", real), ("status", BIT), ("RPDE", real),
                   ("PPE", real)],
    ),
    "drugs": (
        "Drug", [("Age", AGE), ("Sex", SEX), ("BP", words("HIGH", "LOW")), ("Na_to_K", real),
                 ("Drug", words("A", "B", "C", "X", "Y"))],
    ),
    "portions of customers": (
        "Segmentation", [("ID", number), ("Gender", SEX), ("Age", AGE), ("Segmentation", words(*"ABCD"))],
    ),
    "zoo": (
        "class_type", [("animal_name", text), ("hair", BIT), ("tail", BIT), ("domestic", BIT), ("catsize", BIT),
                       ("class_type", whole(1, 7))],
    ),
    "potability of water": ("Potability", [("ph", real), ("Hardness", real), ("Potability", BIT)]),
    "wine with the type first": (
        "Type", [("Type", whole(1, 3)), ("Alcohol", real), ("Hue", real), ("Proline", whole(278, 1680))],
    ),
    "balance of scales": (
        "side", [("side", words(*"LBR")), ("lw", whole(1, 5)), ("ld", whole(1, 5)), ("rw", whole(1, 5)),
                 ("rd", whole(1, 5))],
    ),
    "churn with one column of words": (
        "churn", [("credit_score", AGE), ("country", words("France", "Spain")), ("tenure", whole(0, 10)),
                  ("products", whole(1, 4)), ("active", BIT), ("churn", BIT)],
    ),
    "prices of telephones": (
        "price_range", [("ram", AGE), ("wifi", BIT), ("dual_sim", BIT), ("price_range", whole(0, 3))],
    ),
    "weather": (
        "RainTomorrow", [("Date", text), ("MinTemp", real), ("RainToday", YES), ("RainTomorrow", YES)],
    ),
    "reservations": (
        "booking_status", [("Booking_ID", text), ("no_of_adults", whole(0, 4)), ("meal", words("1", "2", "None")),
                           ("price", real), ("booking_status", words("Canceled", "Not_Canceled"))],
    ),
    "placement": (
        "status", [("sl_no", number), ("gender", words("M", "F")), ("ssc_p", real),
                   ("status", words("Placed", "Not Placed")), ("salary", real)],
    ),
    "risk of credit": (
        "loan_status", [("person_age", AGE), ("person_home_ownership", words("RENT", "OWN")), ("loan_int_rate", real),
                        ("loan_status", BIT), ("cb_person_default_on_file", words("Y", "N")),
                        ("cb_person_cred_hist_length", whole(2, 30))],
    ),
    "spam in messages": ("Category", [("Category", words("ham", "spam")), ("Message", text)]),
    "diabetes in a survey": (
        "Diabetes_binary", [("Diabetes_binary", BIT), ("HighBP", BIT), ("BMI", AGE), ("Stroke", BIT),
                            ("Education", whole(1, 6)), ("Income", whole(1, 8))],
    ),
    "heart disease in a survey": (
        "HeartDisease", [("HeartDisease", YES), ("BMI", real), ("Stroke", YES), ("SkinCancer", YES)],
    ),
    "titanic, as in plotting libraries": (
        "survived", [("survived", BIT), ("pclass", whole(1, 3)), ("sex", SEX), ("who", words("man", "woman", "child")),
                     ("alive", words("yes", "no")), ("alone", BOOL)],
    ),
    "legendary beasts": (
        "Legendary", [("Name", text), ("Attack", AGE), ("Generation", whole(1, 6)), ("Legendary", BOOL)],
    ),
}  # fmt: skip

NAMELESS: dict[str, tuple[str, list[Draw]]] = {
    "wine": ("1", [whole(1, 3), real, real, whole(278, 1680)]),
    "sonar": ("3", [real, real, words("R", "M")]),
    "letters": ("1", [words(*"ABCD"), whole(0, 9), whole(0, 9), whole(0, 9)]),
    "adult": ("4", [AGE, words("Private", "State-gov"), SEX, words("<=50K", ">50K")]),
    "cars": ("3", [words("high", "low"), words("big", "small"), words("acc", "unacc")]),
    "spam": ("3", [real, real, BIT]),
    "abalone-like, words first": ("1", [words(*"MFI"), real, real, whole(1, 29)]),
    "names and codes": ("3", [text, real, whole(1, 3)]),
}


@pytest.mark.parametrize("name", [*NAMED, *OTHERS])
def test_the_label_of_a_public_table_is_found(name: str, tmp_path: Path) -> None:
    """The usual name, the last place and the values are weighed as most people would, and the choice is said."""
    label, columns = {**NAMED, **OTHERS}[name]
    found, notes = label_of(table(tmp_path, columns))
    assert found == label
    assert label in ("class", "y") or any(label in note and "as the label" in note for note in notes)


@pytest.mark.parametrize("name", NAMELESS)
def test_the_label_of_a_table_without_a_header_is_found(name: str, tmp_path: Path) -> None:
    """Place and values tell, and the choice is said."""
    label, draws = NAMELESS[name]
    found, notes = label_of(table(tmp_path, [("", draw) for draw in draws], header=False))
    assert (found, len(notes)) == (label, 1)


UNDECIDED: dict[str, tuple[tuple[str, str], list[tuple[str, Draw]]]] = {
    "a word, or the last of several answers": (
        ("kind", "blue"), [("x", real), ("kind", words("a", "b")), ("red", BIT), ("blue", BIT)],
    ),
    "a usual name in the middle, or the last answer": (
        ("fraud", "is checked"), [("amount", real), ("fraud", BIT), ("age", AGE), ("is checked", YES)],
    ),
    "two usual names": (
        ("HeartDisease", "diagnosis"), [("HeartDisease", YES), ("age", AGE), ("diagnosis", YES), ("bmi", real)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", UNDECIDED)
def test_two_equally_likely_labels_are_refused(name: str, tmp_path: Path) -> None:
    """Both are named, as --label takes them."""
    (one, other), columns = UNDECIDED[name]
    choices = f"Choose with --label {one} or --label {other}".replace("is checked", "'is checked'")
    with pytest.raises(DataError, match=f"{one} and the column {other} may each be the label.*{choices}"):
        label_of(table(tmp_path, columns))


def test_of_two_columns_called_like_labels_the_choice_is_said(tmp_path: Path) -> None:
    """One is the label, the other one a feature."""
    found, notes = label_of(table(tmp_path, [("a", real), ("target", BIT), ("class", words("x", "y"))]))
    assert (found, notes) == ("class", ("using the column class as the label, and target as a feature",))


@pytest.mark.parametrize(("absent", "label"), [("id", "kind"), ("group", "class")])
def test_another_column_that_the_test_table_lacks_is_no_label(absent: str, label: str, tmp_path: Path) -> None:
    """Not one that counts the rows, nor any if the test table has a column called label, class or the like."""
    lines = [f"{n},{n % 5},{n % 2}" for n in range(40)]
    (tmp_path / "train.csv").write_text("\n".join([f"{absent},a,{label}", *lines]))
    (tmp_path / "test.csv").write_text("\n".join([f"a,{label}", *(line.split(",", 1)[1] for line in lines[:10])]))
    with pytest.raises(DataError, match="those of"):
        load_data(tmp_path)
    (tmp_path / "train.csv").write_text("\n".join([f"a,{label}", *(line.split(",", 1)[1] for line in lines)]))
    assert load_data(tmp_path).y_test.size == 10


def test_a_usual_label_beside_a_column_that_the_test_table_lacks(tmp_path: Path) -> None:
    """The choice is left to the user, and both commands that the message shows work."""
    lines = [f"{'pq'[n % 2]},{n},{n % 5},{'xy'[n % 3 == 0]}" for n in range(40)]
    (tmp_path / "train.csv").write_text("\n".join(["group,a,b,species", *lines]))
    (tmp_path / "test.csv").write_text("\n".join(["a,b,species", *(line.split(",", 1)[1] for line in lines[:10])]))
    choices = "Choose with --label group, or with --label species --drop group"
    with pytest.raises(
        DataError, match=f"group, which test.csv lacks, and the last column species may each.*{choices}"
    ):
        load_data(tmp_path)
    assert load_data(tmp_path, options=TableOptions(label="group")).class_names == ("p", "q")
    data = load_data(tmp_path, options=TableOptions(label="species", drop=("group",)))
    assert (data.class_names, data.n_features, len(data.y_train), len(data.y_test)) == (("x", "y"), 2, 40, 10)


@pytest.mark.parametrize("names", [("approved", "income", "smoker"), ("income", "is_fraud", "card")])
def test_a_column_that_is_left_out_is_not_guessed(names: tuple[str, ...], tmp_path: Path) -> None:
    """Of two likely labels, the one that is not left out is taken, with a note."""
    lines = [
        ",".join(str(1000 + n) if name == "income" else "yes" if n % 3 else "no" for name in names) for n in range(40)
    ]
    (tmp_path / "t.csv").write_text("\n".join([",".join(names), *lines]))
    wanted = next(name for name in names if name not in ("income", names[-1]))
    data = load_data(tmp_path / "t.csv", options=TableOptions(drop=(names[-1],)))
    assert data.columns is not None
    assert (data.columns.label, [one.name for one in data.columns.features]) == (wanted, ["income"])
    assert any(wanted in note and "as the label" in note for note in data.notes)
