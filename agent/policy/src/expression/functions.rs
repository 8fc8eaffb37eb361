//! The functions that expressions may call: CEL's own, and ngrok's macros as far as they are offered.

use crate::policy::Phase;

/// A function that expressions may call.
pub(super) struct Function {
    name: &'static str,
    /// The variable that is its first argument without being written: `getReqHeader` reads `req.headers`.
    pub(super) reads: Option<&'static str>,
    /// The first phase in which it has a value.
    pub(super) from: Phase,
    pub(super) growth: Growth,
}

/// How large a function's value is.
#[derive(Clone, Copy)]
pub(super) enum Growth {
    /// A number, a truth value, a time.
    Scalar,
    /// No larger than its arguments together.
    Sum,
    /// Its arguments in another notation.
    Encoded,
    /// As many pieces as its arguments have letters.
    Pieces,
    /// No larger than its argument, whose items are compared with each other.
    Compared,
    /// As large as its arguments' product.
    Product,
}

const fn of(name: &'static str, growth: Growth) -> Function {
    Function { name, reads: None, from: Phase::TcpConnect, growth }
}

const fn reading(name: &'static str, reads: &'static str, from: Phase) -> Function {
    Function { name, reads: Some(reads), from, growth: Growth::Sum }
}

static FUNCTIONS: [Function; 102] = {
    use Growth::{Compared, Encoded, Pieces, Product, Scalar, Sum};
    use Phase::{HttpRequest, HttpResponse};
    [
        // Operators.
        of("_?_:_", Sum),
        of("_&&_", Scalar),
        of("_||_", Scalar),
        of("!_", Scalar),
        of("_-_", Scalar),
        of("_+_", Sum),
        of("_*_", Scalar),
        of("_/_", Scalar),
        of("_%_", Scalar),
        of("_==_", Scalar),
        of("_!=_", Scalar),
        of("_>=_", Scalar),
        of("_<=_", Scalar),
        of("_>_", Scalar),
        of("_<_", Scalar),
        of("-_", Scalar),
        of("_[_]", Sum),
        of("@in", Scalar),
        of("@not_strictly_false", Scalar),
        // CEL's own.
        of("bool", Scalar),
        of("bytes", Sum),
        of("contains", Scalar),
        of("double", Scalar),
        of("duration", Scalar),
        of("endsWith", Scalar),
        of("int", Scalar),
        of("matches", Scalar),
        of("size", Scalar),
        of("startsWith", Scalar),
        of("string", Sum),
        of("timestamp", Scalar),
        of("uint", Scalar),
        of("getDate", Scalar),
        of("getDayOfMonth", Scalar),
        of("getDayOfWeek", Scalar),
        of("getDayOfYear", Scalar),
        of("getFullYear", Scalar),
        of("getHours", Scalar),
        of("getMilliseconds", Scalar),
        of("getMinutes", Scalar),
        of("getMonth", Scalar),
        of("getSeconds", Scalar),
        // CEL's extensions for texts, lists and encodings; `lists.range` would make lists of any length.
        of("base64.decode", Sum),
        of("base64.encode", Encoded),
        of("charAt", Scalar),
        of("distinct", Compared),
        of("flatten", Sum),
        of("format", Product),
        of("indexOf", Scalar),
        of("join", Product),
        of("lastIndexOf", Scalar),
        of("lowerAscii", Sum),
        of("replace", Product),
        of("reverse", Sum),
        of("slice", Sum),
        of("split", Pieces),
        of("sort", Compared),
        of("strings.quote", Encoded),
        of("substring", Sum),
        of("trim", Sum),
        of("upperAscii", Sum),
        // ngrok's macros.
        of("basic_auth.encode", Encoded),
        of("decodeBase64", Sum),
        of("decodeJson", Pieces),
        of("decodeQueryString", Pieces),
        of("encodeBase64", Encoded),
        of("encodeJson", Encoded),
        of("encodeQueryString", Encoded),
        of("escapeUrl", Encoded),
        of("hash.sha1", Scalar),
        of("hash.sha256", Scalar),
        of("hash.sha512", Scalar),
        of("inCidrRange", Scalar),
        of("inCidrRanges", Scalar),
        of("isJson", Scalar),
        of("isPrivateIp", Scalar),
        of("isQueryString", Scalar),
        of("isURL", Scalar),
        of("json.decode", Pieces),
        of("json.encode", Encoded),
        of("lower", Encoded),
        of("queryString.decode", Pieces),
        of("queryString.encode", Encoded),
        of("rand.double", Scalar),
        of("rand.int", Scalar),
        of("sha1", Scalar),
        of("sha256", Scalar),
        of("sha512", Scalar),
        of("unescapeUrl", Sum),
        of("upper", Encoded),
        of("url.escape", Encoded),
        of("url.unescape", Sum),
        reading("getQueryParam", "req.url.query_params", HttpRequest),
        reading("getReqCookie", "req.cookies", HttpRequest),
        reading("getReqHeader", "req.headers", HttpRequest),
        reading("hasQueryParam", "req.url.query_params", HttpRequest),
        reading("hasReqCookie", "req.cookies", HttpRequest),
        reading("hasReqHeader", "req.headers", HttpRequest),
        reading("getResCookie", "res.cookies", HttpResponse),
        reading("getResHeader", "res.headers", HttpResponse),
        reading("hasResCookie", "res.cookies", HttpResponse),
        reading("hasResHeader", "res.headers", HttpResponse),
    ]
};

const NAMESPACES: [&str; 10] =
    ["base64", "basic_auth", "hash", "json", "lists", "queryString", "rand", "secrets", "strings", "url"];

/// What ngrok, or CEL, has and this edge does not.
pub(super) const NOT_OFFERED: [&str; 16] = [
    "crc32",
    "crc64",
    "hash.crc32",
    "hash.crc64",
    "hash.md5",
    "hash.xxhash64",
    "lists.range",
    "md5",
    "parseUrl",
    "quote",
    "secrets.get",
    "sortBy",
    "type",
    "url.parse",
    "xxhash64",
    "@sortByAssociatedKeys",
];

pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The functions that have names.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    FUNCTIONS.iter().map(|function| function.name).filter(|name| name.starts_with(char::is_alphabetic))
}

/// Whether functions are named `name.…`.
pub(super) fn is_namespace(name: &str) -> bool {
    NAMESPACES.contains(&name)
}
