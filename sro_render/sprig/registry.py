"""All of Sprig that is here: which family has which functions.

Decides nothing but what belongs to the library. A function that is in no family is unknown to
templates. `env` and `expandenv` are left out on purpose, as in Helm.
"""

from __future__ import annotations

FAMILIES = {
    "sro_render.sprig.chance": """
        randAlpha randAlphaNum randAscii randBytes randInt randNumeric shuffle uuidv4
    """,
    "sro_render.sprig.crypto": """
        buildCustomCert genCA genCAWithKey genPrivateKey genSelfSignedCert genSelfSignedCertWithKey
        genSignedCert genSignedCertWithKey
    """,
    "sro_render.sprig.dates": """
        ago date dateInZone dateModify date_in_zone date_modify duration durationRound htmlDate
        htmlDateInZone mustDateModify mustToDate must_date_modify now toDate unixEpoch
    """,
    "sro_render.sprig.defaults": "all any coalesce default empty ternary",
    "sro_render.sprig.dicts": """
        deepCopy dict dig get hasKey keys merge mergeOverwrite mustDeepCopy mustMerge
        mustMergeOverwrite omit pick pluck set unset values
    """,
    "sro_render.sprig.encoding": "adler32sum b32dec b32enc b64dec b64enc sha1sum sha256sum sha512sum",
    "sro_render.sprig.lists": """
        append chunk compact concat first has initial last list mustAppend mustChunk mustCompact
        mustFirst mustHas mustInitial mustLast mustPrepend mustPush mustRest mustReverse mustSlice
        mustUniq mustWithout prepend push rest reverse slice sortAlpha tuple uniq without
    """,
    "sro_render.sprig.numbers": """
        add add1 add1f addf atoi biggest ceil div divf float64 floor int int64 max maxf min minf mod
        mul mulf round seq sub subf toDecimal until untilStep
    """,
    "sro_render.sprig.passwords": "bcrypt decryptAES derivePassword encryptAES htpasswd",
    "sro_render.sprig.paths": "base clean dir ext isAbs osBase osClean osDir osExt osIsAbs",
    "sro_render.sprig.reflection": "deepEqual kindIs kindOf typeIs typeIsLike typeOf",
    "sro_render.sprig.regex": """
        mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral
        mustRegexSplit regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll
        regexReplaceAllLiteral regexSplit
    """,
    "sro_render.sprig.semver": "semver semverCompare",
    "sro_render.sprig.strings": """
        cat contains hasPrefix hasSuffix hello indent join lower nindent plural quote repeat replace
        split splitList splitn squote substr title toString toStrings trim trimAll trimPrefix
        trimSuffix trimall trunc untitle upper
    """,
    "sro_render.sprig.urls": "urlJoin urlParse",
    "sro_render.sprig.words": """
        abbrev abbrevboth camelcase initials kebabcase nospace snakecase swapcase wrap wrapWith
    """,
}
"""Names of functions by the module that has them; `Families` imports it when it is needed."""
