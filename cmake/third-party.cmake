# Which module may include which third-party header, so that a library can be exchanged in one place.
# Pattern of the header (regular expression, anchored) | module
set(SPLC_THIRD_PARTY_HEADERS
    "open62541/.*|opcua"
    "(nats/)?nats\\.h|bus"
    "yyjson\\.h|json"
    "libxml/.*|xml"
    "microhttpd\\.h|http"
    "curl/.*|http"
    "sqlite3\\.h|store"
    "libpq-fe\\.h|store"
    "yaml\\.h|site"
    "openssl/.*|pki"
    "sodium\\.h|pki"
    "mosquitto\\.h|mqtt"
    "archive.*\\.h|zip"
    "modbus\\.h|modbus")
