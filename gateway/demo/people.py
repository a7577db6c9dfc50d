"""Who works where in the demo. Each legacy app has this list by heart, as real ones share one master table."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PASSWORD = "demo"


@dataclass(frozen=True, slots=True)
class Person:
    """One login ID. `company` is what the pages print; `emp` is the number within the company."""

    login_id: str
    company: str
    emp: str
    name: str
    kana: str
    manager: bool = False

    @property
    def office_staff(self) -> bool:
        """A-IDs belong to the office itself."""
        return self.login_id.startswith("A")

    @property
    def group(self) -> str:
        """The part of the ID that says for whom a person works."""
        return self.login_id[:5] if self.office_staff else self.login_id[:7]


PEOPLE: tuple[Person, ...] = (
    Person("A00010001", "社労士法人MKS", "0001", "所長 太郎", "ショチョウ タロウ", manager=True),
    Person("A00020001", "予備社労士事務所", "0001", "表 十郎", "オモテ ジュウロウ", manager=True),
    Person("A99990001", "関所デモ運営事務局", "0001", "運営 一", "ウンエイ ハジメ", manager=True),
    Person("B00000101", "株式会社MKS", "01", "山田 花子", "ヤマダ ハナコ"),
    Person("B00000102", "株式会社MKS", "02", "佐藤 一", "サトウ ハジメ"),
    Person("B00000103", "株式会社MKS", "03", "申田 能子", "サルタ ヨシコ"),
    Person("B00000199", "株式会社MKS", "99", "総務 一郎", "ソウム イチロウ", manager=True),
    Person("B00000301", "有限会社ソーシャル", "01", "竹本 三郎", "タケモト サブロウ"),
    Person("B00000601", "株式会社エムゲーシステム", "01", "高橋 六実", "タカハシ ムツミ"),
    Person("B00001101", "株式会社顧問", "01", "伊藤 十一", "イトウ ジュウイチ"),
    Person("B00001201", "有限会社eNEN", "01", "渡辺 十二", "ワタナベ ジュウジ"),
)

BY_LOGIN_ID = {person.login_id: person for person in PEOPLE}


def colleagues(person: Person) -> tuple[Person, ...]:
    """Everybody of the same company, in the order of the list."""
    return tuple(other for other in PEOPLE if other.group == person.group)


def colleague(person: Person, emp: str) -> Person | None:
    """The one with this employee number in the same company."""
    return next((other for other in colleagues(person) if other.emp == emp), None)
