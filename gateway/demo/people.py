"""Who works where in the demo; all of it is made up.

Each legacy app has this list by heart, as real ones share one master table.
"""

from __future__ import annotations

from dataclasses import dataclass

FIRST_PASSWORD = "demo"


@dataclass(frozen=True, slots=True)
class Company:
    """A client company of an office."""

    code: str
    office: str
    name: str
    kana: str


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


COMPANIES: tuple[Company, ...] = (
    Company("000001", "0001", "株式会社MKS", "エムケーエス"),
    Company("000003", "0002", "有限会社ソーシャル", "ソーシャル"),
    Company("000006", "0001", "株式会社エムゲーシステム", "エムゲーシステム"),
    Company("000011", "0001", "株式会社顧問", "コモン"),
    Company("000012", "0001", "有限会社eNEN", "イーネン"),
    Company("000013", "0001", "マイナ株式会社", "マイナ"),
    Company("000021", "0002", "株式会社うみねこ", "ウミネコ"),
    Company("000072", "0001", "株式会社社労夢", "シャロウム"),
    Company("000081", "0001", "さくら商店株式会社", "サクラショウテン"),
    Company("000085", "0001", "有限会社東海印刷", "トウカイインサツ"),
    Company("000090", "0001", "医療法人あおば会", "アオバカイ"),
    Company("000101", "0001", "株式会社北斗運輸", "ホクトウンユ"),
    Company("000108", "0001", "合同会社みなと食品", "ミナトショクヒン"),
    Company("000115", "0001", "丸山建設株式会社", "マルヤマケンセツ"),
    Company("000120", "0001", "学校法人若葉学園", "ワカバガクエン"),
    Company("000133", "0001", "株式会社ひばりデザイン", "ヒバリデザイン"),
)

PEOPLE: tuple[Person, ...] = (
    Person("A00010001", "社労士法人MKS", "0001", "所長 太郎", "ショチョウ タロウ", manager=True),
    Person("A00010002", "社労士法人MKS", "0002", "職員 次郎", "ショクイン ジロウ"),
    Person("A00020001", "予備社労士事務所", "0001", "表 十郎", "オモテ ジュウロウ", manager=True),
    Person("A99990001", "関所デモ運営事務局", "0001", "運営 静", "ウンエイ シズカ", manager=True),
    Person("B00000101", "株式会社MKS", "01", "山田 花子", "ヤマダ ハナコ"),
    Person("B00000102", "株式会社MKS", "02", "佐藤 一", "サトウ ハジメ"),
    Person("B00000103", "株式会社MKS", "03", "申田 能子", "サルタ ヨシコ"),
    Person("B00000199", "株式会社MKS", "99", "総務 一郎", "ソウム イチロウ", manager=True),
    Person("B00000301", "有限会社ソーシャル", "01", "竹本 三郎", "タケモト サブロウ"),
    Person("B00000399", "有限会社ソーシャル", "99", "総務 三枝", "ソウム ミエ", manager=True),
    Person("B00000601", "株式会社エムゲーシステム", "01", "高橋 六実", "タカハシ ムツミ"),
    Person("B00000602", "株式会社エムゲーシステム", "02", "松本 六助", "マツモト ロクスケ"),
    Person("B00000699", "株式会社エムゲーシステム", "99", "総務 六郎", "ソウム ロクロウ", manager=True),
    Person("B00001101", "株式会社顧問", "01", "伊藤 十一", "イトウ ジュウイチ"),
    Person("B00001199", "株式会社顧問", "99", "総務 知恵", "ソウム チエ", manager=True),
    Person("B00001201", "有限会社eNEN", "01", "渡辺 十二", "ワタナベ ジュウジ"),
    Person("B00001299", "有限会社eNEN", "99", "総務 円", "ソウム マドカ", manager=True),
    Person("B00001301", "マイナ株式会社", "01", "中村 番", "ナカムラ バン"),
    Person("B00001302", "マイナ株式会社", "02", "小林 守", "コバヤシ マモル"),
    Person("B00001399", "マイナ株式会社", "99", "総務 印", "ソウム シルシ", manager=True),
    Person("B00002101", "株式会社うみねこ", "01", "波多野 渚", "ハタノ ナギサ"),
    Person("B00002199", "株式会社うみねこ", "99", "総務 岬", "ソウム ミサキ", manager=True),
    Person("B00007201", "株式会社社労夢", "01", "加藤 夢子", "カトウ ユメコ"),
    Person("B00007202", "株式会社社労夢", "02", "吉田 望", "ヨシダ ノゾム"),
    Person("B00007299", "株式会社社労夢", "99", "総務 叶", "ソウム カナエ", manager=True),
    Person("B00008101", "さくら商店株式会社", "01", "山本 さくら", "ヤマモト サクラ"),
    Person("B00008199", "さくら商店株式会社", "99", "総務 春男", "ソウム ハルオ", manager=True),
    Person("B00008501", "有限会社東海印刷", "01", "井上 刷", "イノウエ スル"),
    Person("B00008599", "有限会社東海印刷", "99", "総務 版子", "ソウム ハンコ", manager=True),
    Person("B00009001", "医療法人あおば会", "01", "木村 青葉", "キムラ アオバ"),
    Person("B00009002", "医療法人あおば会", "02", "林 看護", "ハヤシ マモリ"),
    Person("B00009099", "医療法人あおば会", "99", "総務 医", "ソウム イヤス", manager=True),
    Person("B00010101", "株式会社北斗運輸", "01", "斎藤 走", "サイトウ カケル"),
    Person("B00010199", "株式会社北斗運輸", "99", "総務 星", "ソウム ホシ", manager=True),
    Person("B00010801", "合同会社みなと食品", "01", "清水 港", "シミズ ミナト"),
    Person("B00010899", "合同会社みなと食品", "99", "総務 海", "ソウム ウミ", manager=True),
    Person("B00011501", "丸山建設株式会社", "01", "山崎 建", "ヤマザキ タケル"),
    Person("B00011599", "丸山建設株式会社", "99", "総務 築", "ソウム キズク", manager=True),
    Person("B00012001", "学校法人若葉学園", "01", "森 若葉", "モリ ワカバ"),
    Person("B00012099", "学校法人若葉学園", "99", "総務 学", "ソウム マナブ", manager=True),
    Person("B00013301", "株式会社ひばりデザイン", "01", "池田 描", "イケダ エガク"),
    Person("B00013399", "株式会社ひばりデザイン", "99", "総務 彩", "ソウム アヤ", manager=True),
)

BY_LOGIN_ID = {person.login_id: person for person in PEOPLE}


def colleagues(person: Person) -> tuple[Person, ...]:
    """Everybody of the same company, in the order of the list."""
    return tuple(other for other in PEOPLE if other.group == person.group)


def colleague(person: Person, emp: str) -> Person | None:
    """The one with this employee number in the same company."""
    return next((other for other in colleagues(person) if other.emp == emp), None)
