"""The dictionary of names: countries, their people and governments, bodies, towns and regions."""

from __future__ import annotations

import pycountry
import pytest
from spacy.strings import get_string_id

from workers.annotate import generate_towns
from workers.annotate.gazetteer import COUNTRIES, Gazetteer, country_names
from workers.annotate.reader import Reader
from workers.annotate.towns import fold, load_towns
from workers.yamlfile import read_shipped


@pytest.fixture(scope="session")
def gazetteer(reader: Reader) -> Gazetteer:
    return reader.gazetteer


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("Guinea-Bissau", "GW"),
        ("Equatorial Guinea", "GQ"),
        ("Guinea", "GN"),
        ("Niger", "NE"),
        ("Nigerien", "NE"),
        ("Nigeria", "NG"),
        ("Dominica", "DM"),
        ("Dominican Republic", "DO"),
        ("DR Congo", "CD"),
        ("Democratic Republic of the Congo", "CD"),
        ("Republic of the Congo", "CG"),
        ("Zaire", "CD"),
        ("N. Korea", "KP"),
        ("Republic of Korea", "KR"),
        ("Northern Ireland", "place:northern-ireland"),
        ("Ireland", "IE"),
        ("Micronesia", "FM"),
        ("Taiwan", "TW"),
        ("Kosovo", "XK"),
        ("State of Palestine", "PS"),
        ("Burma", "MM"),
        ("Czech Republic", "CZ"),
        ("Holy See", "VA"),
        ("Eswatini", "SZ"),
        ("Cabo Verde", "CV"),
        ("Türkiye", "TR"),
        ("Cote d'Ivoire", "CI"),
        ("U.A.E.", "AE"),
        ("East Germany", "DD"),
        ("West Germany", "DE"),
        ("Soviet", "SU"),
        ("Soviets", "SU"),
        ("Yugoslav", "YU"),
        ("Czechoslovakia", "CS"),
        ("Downing Street", "GB"),
        ("Élysée", "FR"),
        ("Elysee", "FR"),
        ("Pentagon", "US"),
        ("Kremlin", "RU"),
        ("Zhongnanhai", "CN"),
        ("Blue House", "KR"),
        ("Casa Rosada", "AR"),
        ("Malacanang", "PH"),
        ("Knesset", "IL"),
        ("Bundestag", "DE"),
        ("IDF", "IL"),
        ("NATO", "organisation:north-atlantic-treaty-organization"),
        ("U.N. Security Council", "organisation:united-nations-security-council"),
        ("United Nations Human Rights Council", "organisation:united-nations-human-rights-council"),
        ("ASEAN", "organisation:association-of-southeast-asian-nations"),
        ("OPEC+", "organisation:organization-of-the-petroleum-exporting-countries"),
        ("IAEA", "organisation:international-atomic-energy-agency"),
        ("WHO", "organisation:world-health-organization"),
        ("ICRC", "organisation:international-committee-of-the-red-cross"),
        ("African Union", "organisation:african-union"),
        ("Houthi", "group:houthis"),
        ("Al-Shabaab", "group:al-shabab"),
        ("RSF", "group:rapid-support-forces"),
        ("Hizbollah", "group:hezbollah"),
        ("Strait of Hormuz", "place:strait-of-hormuz"),
        ("Tomahawk", "weapon:tomahawk"),
    ],
)
def test_a_name_stands_for(name: str, identifier: str, reader: Reader, gazetteer: Gazetteer) -> None:
    tokens = reader.pipeline.tokenise(name)
    found = list(gazetteer.find([get_string_id(token) for token in tokens]))
    assert [(start, end, entry.id) for start, end, entry in found] == [(0, len(tokens), identifier)]


def test_every_country_of_the_world_is_known_by_its_name_and_its_people(reader: Reader, gazetteer: Gazetteer) -> None:
    for country in pycountry.countries:
        name = country_names()[country.alpha_2]
        entry = gazetteer.get(reader.pipeline.tokenise(name))
        assert entry is not None
        assert entry.id == country.alpha_2
    sorts = {(entry.country, entry.sort) for entry in gazetteer.entries.values()}
    members = {"US", "RU", "CN", "GB", "FR", "DE", "IN", "PK", "IL", "IR", "KP", "KR", "UA", "SY", "TD", "TV", "ST"}
    assert all((code, sort) in sorts for code in members for sort in ("demonym", "capital"))


def test_a_state_that_ended_has_the_code_of_iso_3166_3() -> None:
    former = {code for code, fields in read_shipped(COUNTRIES).value.items() if "former" in fields}
    assert former == {"SU", "YU", "CS", "DD"}
    assert former <= {country.alpha_2 for country in pycountry.historic_countries}


@pytest.mark.parametrize(
    ("name", "country"),
    [
        ("Hamburg", "DE"), ("Sumy", "UA"), ("Gaza", "PS"), ("Kaduna", "NG"), ("Mykolaiv", "UA"), ("Zaporizhzhia", "UA"),
        ("Khan Younis", "PS"), ("Beit Hanoun", "PS"), ("Deir al-Balah", "PS"), ("El-Fasher", "SD"), ("Malmö", "SE"),
        ("Texas", "US"), ("Sindh", "PK"), ("Guangdong", "CN"), ("St. Petersburg", "RU"), ("Paris", "FR"),
        ("Birmingham", "GB"), ("Cordoba", None), ("Punjab", None), ("Gulf", None), ("Xanadu", None),
        ("The Hague", "NL"),
    ],
)  # fmt: skip
def test_a_town_or_region_lies_in_a_country_if_that_is_sure(name: str, country: str | None) -> None:
    assert load_towns().country(name) == country


def test_of_several_towns_that_of_the_country_spoken_of_is_meant() -> None:
    assert load_towns().country("Cordoba", {"AR", "US"}) == "AR"
    assert load_towns().country("Punjab", {"IN", "PK"}) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [("Mykolaiv", "Mykolayiv"), ("Beit Lahia", "Bayt Lahya"), ("St. Louis", "Saint Louis"), ("El Obeid", "Al Obeid")],
)
def test_romanisations_fold_together(one: str, other: str) -> None:
    assert fold(one) == fold(other)


def test_the_committed_towns_are_what_their_source_says() -> None:
    assert generate_towns.table() == generate_towns.TABLE.read_text("utf-8")
