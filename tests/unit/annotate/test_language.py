"""Which language a text is in: headlines, mixed texts, names, transliterations; and what telling it costs."""

from __future__ import annotations

import importlib
import subprocess
import sys
import time

import pytest

from workers.annotate import generate_languages, language
from workers.annotate.language import detect_language

SENTENCES = [
    ("en", "The minister said on Monday that the bridge would stay closed until the flood had passed."),
    ("de", "Der Minister sagte am Montag, dass die Brücke gesperrt bleibt, bis das Hochwasser vorbei ist."),
    ("fr", "Le ministre a déclaré lundi que le pont resterait fermé jusqu'à la fin de la crue."),
    ("es", "El ministro dijo el lunes que el puente seguirá cerrado hasta que pase la crecida."),
    ("it", "Il ministro ha detto lunedì che il ponte resterà chiuso finché la piena non sarà passata."),
    ("pt", "O ministro disse na segunda-feira que a ponte não será aberta até que a cheia passe."),
    ("nl", "De minister zei maandag dat de brug dicht blijft totdat het hoogwater voorbij is."),
    ("sv", "Ministern sade på måndagen att bron förblir stängd tills översvämningen är över."),
    ("da", "Ministeren sagde mandag, at broen forbliver lukket, indtil oversvømmelsen er ovre."),
    ("nb", "Statsråden sa mandag at broen vil være stengt frem til flommen er over, og at ingen må gå ut."),
    ("fi", "Ministeri sanoi maanantaina, että silta pysyy suljettuna kunnes tulva on ohi."),
    ("pl", "Minister powiedział w poniedziałek, że most pozostanie zamknięty, dopóki powódź nie minie."),
    ("cs", "Ministr v pondělí řekl, že most zůstane uzavřen, dokud povodeň neopadne."),
    ("sk", "Minister v pondelok povedal, že most zostane zatvorený, kým povodeň neopadne, a že je to nutné."),
    ("ro", "Ministrul a declarat luni că podul va rămâne închis până când apele se vor retrage."),
    ("hu", "A miniszter hétfőn azt mondta, hogy a híd zárva marad, amíg az árvíz el nem vonul."),
    ("tr", "Bakan pazartesi günü yaptığı açıklamada köprünün sel geçene kadar kapalı kalacağını söyledi."),
    ("id", "Menteri mengatakan pada hari Senin bahwa jembatan itu akan tetap ditutup sampai banjir surut."),
    ("hr", "Ministar je u ponedjeljak rekao da će most ostati zatvoren dok poplava ne prođe."),
    ("ca", "El ministre va dir dilluns que el pont continuarà tancat fins que passi la riuada."),
    ("vi", "Bộ trưởng cho biết hôm thứ Hai rằng cây cầu sẽ vẫn đóng cửa cho đến khi nước rút."),
    ("ru", "Министр заявил в понедельник, что мост останется закрытым, пока не спадёт вода."),
    ("uk", "Міністр заявив у понеділок, що міст залишиться закритим, доки не спаде вода."),
    ("bg", "Министърът каза в понеделник, че мостът ще остане затворен, докато водата не спадне."),
    ("sr", "Министар је у понедељак рекао да ће мост остати затворен док вода не опадне."),
    ("be", "Міністр заявіў у панядзелак, што мост застанецца зачынены, пакуль не спадзе вада."),
    ("el", "Ο υπουργός δήλωσε τη Δευτέρα ότι η γέφυρα θα παραμείνει κλειστή."),
    ("ar", "قال الوزير يوم الاثنين إن الجسر سيبقى مغلقا حتى انحسار المياه."),
    ("fa", "وزیر روز دوشنبه گفت که پل تا فروکش کردن آب بسته خواهد ماند."),
    ("ur", "وزیر نے پیر کو کہا کہ پل پانی اترنے تک بند رہے گا۔"),
    ("he", "השר אמר ביום שני כי הגשר יישאר סגור עד שהמים יירדו."),
    ("hi", "मंत्री ने सोमवार को कहा कि पानी उतरने तक पुल बंद रहेगा।"),
    ("zh", "部长周一表示，在洪水退去之前，大桥将继续关闭。"),
    ("ja", "大臣は月曜日、洪水が引くまで橋は閉鎖されたままだと述べた。"),
    ("ko", "장관은 월요일 홍수가 지나갈 때까지 다리가 폐쇄될 것이라고 말했다."),
    ("th", "รัฐมนตรีกล่าวเมื่อวันจันทร์ว่าสะพานจะยังคงปิดอยู่"),
]

HEADLINES = [
    ("en", "Biden, Xi meet"),
    ("en", "Kremlin warns NATO"),
    ("en", "Quake kills nine near Valparaiso"),
    ("en", "Macron, Scholz to visit Kyiv"),
    ("en", "QTLY DIV 17.4 CTS VS 16.9 CTS PRIOR"),
    ("en", "US imposes sanctions on Nicaraguan officials"),
    ("en", "Israel bombs Gaza"),
    ("en", "NORTH KOREA FIRES MISSILE"),
    ("en", "Volkswagen AG profit rises"),
    ("en", "Real Madrid sign De Jong"),
    ("en", "De Klerk met Mandela in Cape Town"),
    ("en", "Al Shabaab bomb kills six"),
    ("en", "Lula da Silva and Milei sign Mercosur deal"),
    ("en", "Mohammed bin Salman hosts Abdel Fattah el-Sisi"),
    ("en", "Van der Bellen sworn in as Austria's president"),
    ("en", "El Niño, La Niña and Los Angeles"),
    ("de", "Putin warnt vor Angriff auf die Krim"),
    ("de", "Nordkorea feuert Rakete über Japan"),
    ("fr", "La Corée du Nord tire un missile"),
    ("fr", "Séisme au Chili : neuf morts"),
    ("es", "Corea del Norte lanza un misil"),
    ("es", "El presidente de Chile visita la ciudad"),
    ("it", "La Corea del Nord lancia un missile"),
    ("pt", "Coreia do Norte lança míssil"),
    ("nl", "Noord-Korea heeft een raket afgevuurd"),
    ("sv", "Nordkorea avfyrar robot över Japan"),
    ("tr", "Kuzey Kore füze fırlattı"),
    ("pl", "Korea Północna wystrzeliła rakietę"),
    ("ru", "КНДР запустила ракету"),
    ("zh", "朝鲜发射导弹"),
    ("ko", "북한 미사일 발사"),
]

MIXED = [
    ("en", "“Nous ne sommes pas en guerre,” the French president said on Tuesday, as his ministers met in Paris."),
    ("en", "The daily Süddeutsche Zeitung wrote that „die Lage ist ernst“, and that the talks were over."),
    ("en", "Vladimir Putin, Владимир Путин in his own language, said that he would go to Beijing in May."),
    ("en", "Zelensky: Слава Україні. The president of Ukraine spoke in Kyiv on Friday with the German chancellor."),
    ("de", "„Make America great again“, sagte der Präsident am Montag, und die Menge jubelte ihm zu."),
    ("fr", "« Make America great again », a lancé le président lundi devant une foule de ses partisans."),
    ("ru", "Президент заявил: Make America great again, и толпа его поддержала."),
    ("ja", "NATOの事務総長は月曜日、東京で岸田首相と会談した。"),
    ("zh", "中国外交部发言人周一在北京说,中方反对NATO的做法。"),
]


@pytest.mark.parametrize(("lang", "text"), SENTENCES)
def test_a_sentence(lang: str, text: str) -> None:
    assert detect_language(text) == lang


@pytest.mark.parametrize(("lang", "text"), HEADLINES)
def test_a_headline(lang: str, text: str) -> None:
    assert detect_language(text) == lang


@pytest.mark.parametrize(("lang", "text"), MIXED)
def test_the_language_of_most_of_the_text_counts(lang: str, text: str) -> None:
    assert detect_language(text) == lang


@pytest.mark.parametrize(
    "names",
    [
        "Vladimir Putin, Kim Jong Un, Xi Jinping",
        "Kharkiv Zaporizhzhia Dnipropetrovsk Mykolaiv Lviv",
        "Mohammad Javad Zarif; Hossein Amir-Abdollahian; Ebrahim Raisi",
        "Nguyen Phu Trong, Pham Minh Chinh, To Lam",
        "Recep Tayyip Erdogan, Binali Yildirim, Hakan Fidan",
        "Jean-Luc Mélenchon, Marine Le Pen, François Fillon",
    ],
)
def test_names_alone_are_left_to_the_pipeline(names: str) -> None:
    assert detect_language(names) == "en"
    assert detect_language(names, default="fr") == "fr"


@pytest.mark.parametrize(
    "text",
    [
        "Prezident skazal, chto vojna zakonchitsya v mae",  # Russian in Latin letters
        "Bukhansshi misail balsa",  # Korean in Latin letters
    ],
)
def test_a_transliteration_does_not_raise_and_is_a_language_or_the_default(text: str) -> None:
    assert detect_language(text) is not None


@pytest.mark.parametrize("text", ["", "   ", "12345 !?", "😀 😀", "---", "\ud800", "ᚠᚢᚦ"])
def test_what_cannot_be_told_has_no_language(text: str) -> None:
    assert detect_language(text) is None


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("en", "THE MINISTER SAID THAT THE BRIDGE WOULD STAY CLOSED UNTIL MONDAY"),
        ("de", "DER MINISTER SAGTE, DASS DIE BRÜCKE NICHT GEÖFFNET WIRD UND DAS WASSER STEIGT"),
        ("en", "<p>The minister said <b>that</b> the bridge&nbsp;was closed.</p>"),
        ("en", "12.30pm 14/5 $40m 3-1 the 7:45 was late 99% 1,000 2,000 3,000"),
    ],
)
def test_capitals_markup_and_numbers_do_not_mislead(lang: str, text: str) -> None:
    assert detect_language(text) == lang


@pytest.mark.parametrize(("lang", "text"), [pair for pair in SENTENCES if pair[0] in {"de", "fr", "id", "ru", "ja"}])
def test_a_long_text_is_told_by_its_beginning(lang: str, text: str) -> None:
    started = time.perf_counter()
    assert detect_language(text * 20_000) == lang
    assert time.perf_counter() - started < 0.05


def test_telling_costs_less_than_a_fifth_of_a_millisecond_an_article() -> None:
    text = " ".join(f"{sentence} " for lang, sentence in SENTENCES if lang in {"en", "de", "fr"}) * 10
    detect_language(text)
    best = min(_seconds(text) for _ in range(20))
    assert best < 0.0002


def _seconds(text: str) -> float:
    started = time.perf_counter()
    detect_language(text)
    return time.perf_counter() - started


def test_no_language_package_is_loaded_to_tell_languages() -> None:
    code = (
        "import sys, time; from workers.annotate.language import detect_language as d; t = time.perf_counter(); "
        "assert d('Der Minister sagte, dass es vorbei ist') == 'de'; took = time.perf_counter() - t; "
        "assert not any(m.startswith('spacy') for m in sys.modules), 'spacy'; assert took < 0.05, took"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_committed_table_is_what_its_sources_say() -> None:
    assert generate_languages.table() == generate_languages.TABLE.read_text("utf-8")


@pytest.mark.parametrize("lang", ["de", "fr", "es", "it", "pt", "ru", "uk", "ja", "zh", "ko", "ar", "he", "el", "hi"])
def test_paragraphs_of_sentences_that_are_not_ours(lang: str) -> None:
    sentences = importlib.import_module(f"spacy.lang.{lang}.examples").sentences
    assert detect_language(" ".join(sentences)) == lang


@pytest.mark.parametrize(
    "text",
    [
        "Rates fell 2.5 pct; grain, ore and coke rose 3 pct. Stocks of tin at Rotterdam, Lagos: 400 tonnes.",
        "Le ministre a dit que la ville est calme. Shares rose. " * 3,
        "Der Minister sagte, die Stadt sei ruhig. "
        + "Shares of Holm and Karl rose 3 pct in Lagos on talk of a bid. " * 4,
        "EL PRESIDENTE DE LA CORTE",
        "Göteborg Malmö Örebro",
        "Holm",
        "Šiauliai, Vilnius: taip",
    ],
)
def test_words_of_other_languages_that_are_too_few_make_no_difference(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = detect_language(text)
    monkeypatch.setattr(language._Table, "count_foreign", lambda _table, words: 10 * len(words))
    assert detect_language(text) == found
