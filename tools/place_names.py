"""What else people call a place: its names in ISO 3166, its capital, a part of it, its old name, a cloud's region.

None of these is accepted as a location: the error for one names the code. Read by `generate_places.py`. The
capitals and the last table are common knowledge, written down by hand.
"""

from __future__ import annotations

import pycountry

ALPHA_2 = {"XK": "XKX"}  # ISO 3166 leaves these to users, and Kosovo is what they mean by them

MEANT = {
    "America": "USA",
    "Bangalore": "IND",
    "Bavaria": "DEU",
    "Britain": "GBR",
    "Burma": "MMR",
    "CAISO": "USA/california",
    "Chinese Taipei": "TWN",
    "Congo": "COD",
    "Congo-Brazzaville": "COG",
    "Congo-Kinshasa": "COD",
    "Czech Republic": "CZE",
    "DR Congo": "COD",
    "DRC": "COD",
    "England": "GBR",
    "ERCOT": "USA/texas",
    "Great Britain": "GBR",
    "Holland": "NLD",
    "Ivory Coast": "CIV",
    "Karnataka": "IND",
    "Macedonia": "MKD",
    "New South Wales": "AUS",
    "New York City": "USA/new-york",
    "Newfoundland": "CAN/newfoundland-and-labrador",
    "Northern Ireland": "GBR",
    "NYC": "USA/new-york",
    "NYISO": "USA/new-york",
    "Republic of Korea": "KOR",
    "Republic of the Congo": "COG",
    "Scotland": "GBR",
    "Swaziland": "SWZ",
    "The Netherlands": "NLD",
    "UAE": "ARE",
    "United States of America": "USA",
    "Wales": "GBR",
    "Washington DC": "USA/district-of-columbia",
}

OTHER_CLOUDS = {
    "bhs5": "CAN/quebec",
    "gra": "FRA",
    "rbx": "FRA",
    "sbg": "FRA",
    "waw1": "POL",
    "fr-par": "FRA",
    "nl-ams": "NLD",
    "pl-waw": "POL",
    "ash": "USA/virginia",
    "fsn1": "DEU",
    "hel1": "FIN",
    "hil": "USA/oregon",
    "nbg1": "DEU",
    "cn-hangzhou": "CHN/zhejiang",
    "eu-frankfurt-1": "DEU",
    "uk-london-1": "GBR",
    "us-ashburn-1": "USA/virginia",
    "us-phoenix-1": "USA/arizona",
}
"""Regions of OVHcloud, Scaleway, Hetzner, Alibaba and Oracle, as their own pages place them."""

CAPITALS = """
AFG Kabul, AGO Luanda, ALB Tirana, ARE Abu Dhabi, ARG Buenos Aires, ARM Yerevan, AUS Canberra, AUT Vienna, AZE Baku,
BDI Gitega, BEL Brussels, BEN Porto-Novo, BFA Ouagadougou, BGD Dhaka, BGR Sofia, BHR Manama, BHS Nassau, BIH Sarajevo,
BLR Minsk, BLZ Belmopan, BOL Sucre, BRA Brasília, BRB Bridgetown, BRN Bandar Seri Begawan, BTN Thimphu, BWA Gaborone,
CAF Bangui, CAN Ottawa, CHE Bern, CHL Santiago, CHN Beijing, CIV Yamoussoukro, CMR Yaoundé, COD Kinshasa,
COG Brazzaville, COL Bogotá, COM Moroni, CPV Praia, CRI San José, CUB Havana, CYP Nicosia, CZE Prague, DEU Berlin,
DJI Djibouti, DMA Roseau, DNK Copenhagen, DOM Santo Domingo, DZA Algiers, ECU Quito, EGY Cairo, ERI Asmara, ESP Madrid,
EST Tallinn, ETH Addis Ababa, FIN Helsinki, FJI Suva, FRA Paris, GAB Libreville, GBR London, GEO Tbilisi, GHA Accra,
GIN Conakry, GMB Banjul, GNB Bissau, GNQ Malabo, GRC Athens, GRD St. George's, GTM Guatemala City, GUY Georgetown,
HND Tegucigalpa, HRV Zagreb, HTI Port-au-Prince, HUN Budapest, IDN Jakarta, IND New Delhi, IRL Dublin, IRN Tehran,
IRQ Baghdad, ISL Reykjavík, ISR Jerusalem, ITA Rome, JAM Kingston, JOR Amman, JPN Tokyo, KAZ Astana, KEN Nairobi,
KGZ Bishkek, KHM Phnom Penh, KOR Seoul, KWT Kuwait City, LAO Vientiane, LBN Beirut, LBR Monrovia, LBY Tripoli,
LKA Colombo, LSO Maseru, LTU Vilnius, LUX Luxembourg, LVA Riga, MAR Rabat, MDA Chișinău, MDG Antananarivo, MDV Malé,
MEX Mexico City, MKD Skopje, MLI Bamako, MLT Valletta, MMR Naypyidaw, MNE Podgorica, MNG Ulaanbaatar, MOZ Maputo,
MRT Nouakchott, MUS Port Louis, MWI Lilongwe, MYS Kuala Lumpur, NAM Windhoek, NER Niamey, NGA Abuja, NIC Managua,
NLD Amsterdam, NOR Oslo, NPL Kathmandu, NZL Wellington, OMN Muscat, PAK Islamabad, PAN Panama City, PER Lima,
PHL Manila, PNG Port Moresby, POL Warsaw, PRK Pyongyang, PRT Lisbon, PRY Asunción, QAT Doha, ROU Bucharest, RUS Moscow,
RWA Kigali, SAU Riyadh, SDN Khartoum, SEN Dakar, SGP Singapore, SLB Honiara, SLE Freetown, SLV San Salvador,
SOM Mogadishu, SRB Belgrade, SSD Juba, STP São Tomé, SUR Paramaribo, SVK Bratislava, SVN Ljubljana, SWE Stockholm,
SWZ Mbabane, SYC Victoria, SYR Damascus, TCD N'Djamena, TGO Lomé, THA Bangkok, TJK Dushanbe, TKM Ashgabat, TLS Dili,
TTO Port of Spain, TUN Tunis, TUR Ankara, TWN Taipei, TZA Dodoma, UGA Kampala, UKR Kyiv, URY Montevideo,
USA Washington, UZB Tashkent, VEN Caracas, VNM Hanoi, VUT Port Vila, WSM Apia, XKX Pristina, YEM Sanaa, ZAF Pretoria,
ZMB Lusaka, ZWE Harare
"""


def other_names(known: dict[str, str]) -> dict[str, str]:
    """Return the code of a place by each of its other names; `known` has the table's name by code."""
    official = {
        name: country.alpha_3
        for country in pycountry.countries
        for name in (country.name, getattr(country, "common_name", None))
        if name and name != known.get(country.alpha_3)
    }
    capitals = {entry.strip()[4:]: entry.strip()[:3] for entry in CAPITALS.split(",")}
    provinces = {
        spelt: f"CAN/{province.name.casefold().replace(' ', '-')}"
        for province in pycountry.subdivisions
        if province.country_code == "CA"
        for spelt in (province.code, province.code.removeprefix("CA-"))
    }
    named = official | capitals | provinces | MEANT | OTHER_CLOUDS
    return {name: code for name, code in sorted(named.items()) if code in known}
