"""Where the regions of AWS and Azure stand, as their operators state it. Read by `generate_places.py`.

AWS:   https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html (column "Name"), each name
       compared with the one in botocore's `partitions.json`, release 1.44.8 of November 2026
Azure: https://learn.microsoft.com/azure/reliability/regions-list (column "Physical location"), its text of August 2026

Value: the code of a place of CodeCarbon's tables; the city, if it is published; and, if the page above does not
name the place, who does. Regions whose operator names no state are left out: AWS GovCloud, secret and defence regions.

A region in the US is given the figure of its eGRID subregion, which is the grid that serves it, and not that of its
state. Wyoming lies in two subregions (NWPP and RMPA), and nobody says in which one `westcentralus` stands: it keeps the
state's figure.
"""

Region = tuple[str, str | None] | tuple[str, str | None, str]

_BLOG = "AWS News Blog, January 2016; the page of regions says Canada (Central)"
_BOTOCORE = "its name in botocore's partitions.json, release 1.44.8 of November 2026"
_NO_PLACE = "not confirmed: Microsoft names no place in China; press of March 2022, techtechchina.com"
_LISTED = "the region's physicalLocation in Azure Resource Manager, as of 2023; no longer on Microsoft's page"
_OWN_NAME = "by its own name; Microsoft's page has the public cloud only"

EGRID_SOURCE = "EPA eGRID2023 rev2, subregion {}, annual CO2 equivalent total output emission rate"
EGRID_YEAR = 2023
EGRID_LB_PER_MWH = {
    "AZNM": 706.189,
    "CAMX": 429.983,
    "ERCT": 736.629,
    "MROW": 926.552,
    "NWPP": 635.267,
    "RFCW": 916.054,
    "SRVC": 596.326,
}
"""Of EPA's summary tables of June 2025 (https://www.epa.gov/egrid/summary-data), read in public repositories that copy
them: each figure stands in two that do not know one another, except MROW, which stands in one."""

EGRID_SUBREGIONS = {
    "USA/arizona": "AZNM",
    "USA/california": "CAMX",
    "USA/illinois": "RFCW",  # that of Chicago, where Azure Resource Manager's coordinates of the one region here lie
    "USA/iowa": "MROW",
    "USA/ohio": "RFCW",
    "USA/oregon": "NWPP",
    "USA/texas": "ERCT",
    "USA/virginia": "SRVC",
    "USA/washington": "NWPP",
}
"""The subregion that serves the state, or the part of it where the clouds' data centres are."""

AWS: dict[str, Region] = {
    "af-south-1": ("ZAF", "Cape Town"),
    "ap-east-1": ("HKG", None),
    "ap-east-2": ("TWN", "Taipei"),
    "ap-northeast-1": ("JPN", "Tokyo"),
    "ap-northeast-2": ("KOR", "Seoul"),
    "ap-northeast-3": ("JPN", "Osaka"),
    "ap-south-1": ("IND", "Mumbai"),
    "ap-south-2": ("IND", "Hyderabad"),
    "ap-southeast-1": ("SGP", None),
    "ap-southeast-2": ("AUS", "Sydney"),
    "ap-southeast-3": ("IDN", "Jakarta"),
    "ap-southeast-4": ("AUS", "Melbourne"),
    "ap-southeast-5": ("MYS", None),
    "ap-southeast-6": ("NZL", None),
    "ap-southeast-7": ("THA", None),
    "ca-central-1": ("CAN/quebec", "Montreal", _BLOG),
    "ca-west-1": ("CAN/alberta", "Calgary"),
    "cn-north-1": ("CHN/beijing", None),
    "cn-northwest-1": ("CHN/ningxia", None),
    "eu-central-1": ("DEU", "Frankfurt"),
    "eu-central-2": ("CHE", "Zurich"),
    "eu-north-1": ("SWE", "Stockholm"),
    "eu-south-1": ("ITA", "Milan"),
    "eu-south-2": ("ESP", None),
    "eu-west-1": ("IRL", None),
    "eu-west-2": ("GBR", "London"),
    "eu-west-3": ("FRA", "Paris"),
    "eusc-de-east-1": ("DEU", "Brandenburg", "AWS, announcement of 15 January 2026"),
    "il-central-1": ("ISR", "Tel Aviv"),
    "me-central-1": ("ARE", None),
    "me-south-1": ("BHR", None),
    "me-west-1": ("SAU", None, _BOTOCORE),
    "mx-central-1": ("MEX", None),
    "sa-east-1": ("BRA", "São Paulo"),
    "sa-west-1": ("CHL", None, _BOTOCORE),
    "us-east-1": ("USA/virginia", None),
    "us-east-2": ("USA/ohio", None),
    "us-west-1": ("USA/california", None),
    "us-west-2": ("USA/oregon", None),
}

AZURE: dict[str, Region] = {
    "australiacentral": ("AUS", "Canberra"),
    "australiacentral2": ("AUS", "Canberra"),
    "australiaeast": ("AUS", "New South Wales"),
    "australiasoutheast": ("AUS", "Victoria"),
    "austriaeast": ("AUT", "Vienna"),
    "belgiumcentral": ("BEL", "Brussels"),
    "brazilsouth": ("BRA", "São Paulo State"),
    "brazilsoutheast": ("BRA", "Rio"),
    "canadacentral": ("CAN/ontario", "Toronto"),
    "canadaeast": ("CAN/quebec", None),
    "centralindia": ("IND", "Pune"),
    "centralus": ("USA/iowa", None),
    "chilecentral": ("CHL", "Santiago"),
    "chinaeast": ("CHN/shanghai", None, _NO_PLACE),
    "chinaeast2": ("CHN/shanghai", None, _NO_PLACE),
    "chinaeast3": ("CHN", None, "the country by its name; Microsoft names no place in it"),
    "chinanorth": ("CHN/beijing", None, _NO_PLACE),
    "chinanorth2": ("CHN/beijing", None, _NO_PLACE),
    "chinanorth3": ("CHN/hebei", None, _NO_PLACE),
    "denmarkeast": ("DNK", "Copenhagen"),
    "eastasia": ("HKG", None),
    "eastus": ("USA/virginia", None),
    "eastus2": ("USA/virginia", None),
    "francecentral": ("FRA", "Paris"),
    "francesouth": ("FRA", "Marseille"),
    "germanynorth": ("DEU", "Berlin"),
    "germanywestcentral": ("DEU", "Frankfurt"),
    "indiasouthcentral": ("IND", "Hyderabad"),
    "indonesiacentral": ("IDN", "Jakarta"),
    "israelcentral": ("ISR", None),
    "italynorth": ("ITA", "Milan"),
    "japaneast": ("JPN", "Tokyo, Saitama"),
    "japanwest": ("JPN", "Osaka"),
    "jioindiacentral": ("IND", "Nagpur", _LISTED),
    "jioindiawest": ("IND", "Jamnagar", _LISTED),
    "koreacentral": ("KOR", "Seoul"),
    "koreasouth": ("KOR", "Busan"),
    "malaysiawest": ("MYS", "Kuala Lumpur"),
    "mexicocentral": ("MEX", "Querétaro State"),
    "newzealandnorth": ("NZL", "Auckland"),
    "northcentralus": ("USA/illinois", None),
    "northeurope": ("IRL", None),
    "norwayeast": ("NOR", None),
    "norwaywest": ("NOR", None),
    "polandcentral": ("POL", "Warsaw"),
    "qatarcentral": ("QAT", "Doha"),
    "southafricanorth": ("ZAF", "Johannesburg"),
    "southafricawest": ("ZAF", "Cape Town"),
    "southcentralus": ("USA/texas", None),
    "southeastasia": ("SGP", None),
    "southindia": ("IND", "Chennai"),
    "spaincentral": ("ESP", "Madrid"),
    "swedencentral": ("SWE", "Gävle"),
    "switzerlandnorth": ("CHE", "Zurich"),
    "switzerlandwest": ("CHE", "Geneva"),
    "uaecentral": ("ARE", "Abu Dhabi"),
    "uaenorth": ("ARE", "Dubai"),
    "uksouth": ("GBR", "London"),
    "ukwest": ("GBR", "Cardiff"),
    "usgovarizona": ("USA/arizona", None, _OWN_NAME),
    "usgovtexas": ("USA/texas", None, _OWN_NAME),
    "usgovvirginia": ("USA/virginia", None, _OWN_NAME),
    "westcentralus": ("USA/wyoming", None),
    "westeurope": ("NLD", None),
    "westindia": ("IND", "Mumbai"),
    "westus": ("USA/california", None),
    "westus2": ("USA/washington", None),
    "westus3": ("USA/arizona", "Phoenix"),
}
