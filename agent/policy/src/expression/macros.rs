//! What ngrok's macros do, as functions of CEL.

use std::net::IpAddr;
use std::sync::Arc;

use aws_lc_rs::digest::{self, Algorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cel::common::types::{DYN_TYPE, INT_TYPE, LIST_TYPE, MAP_TYPE, STRING_TYPE};
use cel::common::value::CowVal;
use cel::objects::{Key, Map};
use cel::{Env, ExecutionError, Value, extensions};
use ipnet::IpNet;

/// Declares a function: its name, whether it is called on its first argument, the types, and what it does.
macro_rules! declare {
    ($env:expr, $name:literal, $how:ident($($type:expr),*), $body:expr) => {{
        fn overload<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
            let arguments: Vec<Value> =
                arguments.iter().map(|one| Value::try_from(one.as_ref())).collect::<Result<_, _>>()?;
            let body: fn(&[Value]) -> Result<Value, &'static str> = $body;
            let value = body(&arguments).map_err(|why| ExecutionError::function_error($name, why))?;
            Ok(CowVal::Owned(value.try_into()?))
        }
        declare!(@$how $env, $name, [$($type),*], overload);
    }};
    (@global $env:expr, $name:literal, [$($type:expr),*], $overload:ident) => {
        $env.add_overload($name, concat!($name, $("_", stringify!($type)),*), vec![$($type),*], $overload)
            .expect("declared once")
    };
    (@member $env:expr, $name:literal, [$target:expr $(, $type:expr)*], $overload:ident) => {
        $env.add_member_overload(
            $name,
            concat!($name, "_", stringify!($target), $("_", stringify!($type)),*),
            $target,
            vec![$($type),*],
            $overload,
        )
        .expect("declared once")
    };
}

/// What expressions are compiled and evaluated in.
pub(super) fn environment() -> Env {
    let mut env = Env::stdlib().with_optional_support(false);
    env.add_extension(extensions::strings).expect("its functions are declared once");
    env.add_extension(extensions::lists).expect("its functions are declared once");
    env.add_extension(extensions::encoders).expect("its functions are declared once");
    addresses(&mut env);
    encodings(&mut env);
    lookups(&mut env);
    declare!(env, "rand.double", global(), |_| Ok(Value::Float(random())));
    declare!(env, "rand.int", global(), |_| Ok(Value::Int(i64::from(random() >= 0.5))));
    declare!(env, "rand.int", global(INT_TYPE, INT_TYPE), |arguments| match arguments {
        [Value::Int(min), Value::Int(max)] if 0 <= *min && min < max => {
            let span = (max - min) as f64 + 1.0;
            Ok(Value::Int(min + ((random() * span) as i64).min(max - min)))
        }
        _ => Err("the first number must be smaller than the second, and neither negative"),
    });
    env
}

/// A random number from 0 to 1, without 1.
fn random() -> f64 {
    let mut bytes = [0; 8];
    // Without the system's randomness nothing else works either.
    let _ = aws_lc_rs::rand::fill(&mut bytes);
    (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
}

fn addresses(env: &mut Env) {
    declare!(env, "inCidrRange", global(STRING_TYPE, STRING_TYPE), |arguments| match arguments {
        [Value::String(address), Value::String(range)] => Ok(Value::Bool(in_range(address, range))),
        _ => Err("two texts are needed"),
    });
    declare!(env, "inCidrRanges", global(STRING_TYPE, LIST_TYPE), |arguments| match arguments {
        [Value::String(address), Value::List(ranges)] => {
            let holds = |range: &Value| matches!(range, Value::String(range) if in_range(address, range));
            Ok(Value::Bool(ranges.iter().any(holds)))
        }
        _ => Err("an address and a list are needed"),
    });
    declare!(env, "isPrivateIp", member(STRING_TYPE), |arguments| {
        Ok(Value::Bool(match text(arguments, 0)?.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(IpAddr::V4(address)) => {
                address.is_private() || address.is_loopback() || address.is_link_local()
            }
            Ok(IpAddr::V6(address)) => {
                address.is_unique_local() || address.is_loopback() || address.is_unicast_link_local()
            }
            Err(_) => false,
        }))
    });
}

/// Whether an address lies in a range; nothing lies in a range that is none.
fn in_range(address: &str, range: &str) -> bool {
    let (Ok(address), Ok(range)) = (address.parse::<IpAddr>(), range.parse::<IpNet>()) else { return false };
    range.contains(&address.to_canonical())
}

fn encodings(env: &mut Env) {
    declare!(env, "lower", member(STRING_TYPE), |arguments| Ok(text(arguments, 0)?.to_lowercase().into()));
    declare!(env, "upper", member(STRING_TYPE), |arguments| Ok(text(arguments, 0)?.to_uppercase().into()));
    declare!(env, "encodeBase64", member(STRING_TYPE), |arguments| {
        Ok(STANDARD.encode(text(arguments, 0)?).into())
    });
    declare!(env, "decodeBase64", member(STRING_TYPE), |arguments| {
        let bytes = STANDARD.decode(text(arguments, 0)?).map_err(|_| "it is no base64")?;
        String::from_utf8(bytes).map(Value::from).map_err(|_| "it is no text")
    });
    declare!(env, "basic_auth.encode", global(STRING_TYPE, STRING_TYPE), |arguments| {
        let pair = format!("{}:{}", text(arguments, 0)?, text(arguments, 1)?);
        Ok(format!("Basic {}", STANDARD.encode(pair)).into())
    });
    declare!(env, "hash.sha1", global(STRING_TYPE, STRING_TYPE), |arguments| {
        hash(arguments, &digest::SHA1_FOR_LEGACY_USE_ONLY)
    });
    declare!(env, "hash.sha256", global(STRING_TYPE, STRING_TYPE), |arguments| {
        hash(arguments, &digest::SHA256)
    });
    declare!(env, "hash.sha512", global(STRING_TYPE, STRING_TYPE), |arguments| {
        hash(arguments, &digest::SHA512)
    });
    declare!(env, "hash.sha1", global(STRING_TYPE), |arguments| hash(
        arguments,
        &digest::SHA1_FOR_LEGACY_USE_ONLY
    ));
    declare!(env, "hash.sha256", global(STRING_TYPE), |arguments| hash(arguments, &digest::SHA256));
    declare!(env, "hash.sha512", global(STRING_TYPE), |arguments| hash(arguments, &digest::SHA512));
    declare!(env, "sha1", member(STRING_TYPE), |arguments| hash(
        arguments,
        &digest::SHA1_FOR_LEGACY_USE_ONLY
    ));
    declare!(env, "sha256", member(STRING_TYPE), |arguments| hash(arguments, &digest::SHA256));
    declare!(env, "sha512", member(STRING_TYPE), |arguments| hash(arguments, &digest::SHA512));
    declare!(env, "json.encode", global(DYN_TYPE), json);
    declare!(env, "encodeJson", member(LIST_TYPE), json);
    declare!(env, "encodeJson", member(MAP_TYPE), json);
    declare!(env, "json.decode", global(STRING_TYPE), decoded_json);
    declare!(env, "decodeJson", member(STRING_TYPE), decoded_json);
    declare!(env, "isJson", member(STRING_TYPE), |arguments| Ok(Value::Bool(
        decoded_json(arguments).is_ok()
    )));
    declare!(env, "url.escape", global(STRING_TYPE), escaped);
    declare!(env, "escapeUrl", member(STRING_TYPE), escaped);
    declare!(env, "url.unescape", global(STRING_TYPE), unescaped);
    declare!(env, "unescapeUrl", member(STRING_TYPE), unescaped);
    declare!(env, "isURL", member(STRING_TYPE), |arguments| {
        let url = text(arguments, 0)?.parse::<url::Url>();
        Ok(Value::Bool(url.is_ok_and(|url| url.has_host())))
    });
    declare!(env, "isQueryString", member(STRING_TYPE), |arguments| {
        let text = text(arguments, 0)?;
        let pairs =
            || text.split('&').all(|pair| pair.split_once('=').is_some_and(|(name, _)| !name.is_empty()));
        Ok(Value::Bool(!text.contains([' ', '?', '#']) && pairs()))
    });
    declare!(env, "queryString.encode", global(MAP_TYPE), encoded_query);
    declare!(env, "encodeQueryString", member(MAP_TYPE), encoded_query);
    declare!(env, "queryString.decode", global(STRING_TYPE), query);
    declare!(env, "decodeQueryString", member(STRING_TYPE), query);
}

fn lookups(env: &mut Env) {
    fn listed(arguments: &[Value]) -> Result<Value, &'static str> {
        Ok(member(arguments, false)?.unwrap_or_else(|| Value::List(Arc::new(Vec::new()))))
    }
    fn listed_ignoring_case(arguments: &[Value]) -> Result<Value, &'static str> {
        Ok(member(arguments, true)?.unwrap_or_else(|| Value::List(Arc::new(Vec::new()))))
    }
    fn first(arguments: &[Value]) -> Result<Value, &'static str> {
        match member(arguments, false)? {
            Some(Value::List(list)) => list.first().cloned().ok_or("there is no such cookie"),
            _ => Err("there is no such cookie"),
        }
    }
    fn is_there(arguments: &[Value]) -> Result<Value, &'static str> {
        Ok(Value::Bool(member(arguments, false)?.is_some()))
    }
    fn is_there_ignoring_case(arguments: &[Value]) -> Result<Value, &'static str> {
        Ok(Value::Bool(member(arguments, true)?.is_some()))
    }
    declare!(env, "getQueryParam", global(MAP_TYPE, STRING_TYPE), listed);
    declare!(env, "hasQueryParam", global(MAP_TYPE, STRING_TYPE), is_there);
    declare!(env, "getReqCookie", global(MAP_TYPE, STRING_TYPE), first);
    declare!(env, "hasReqCookie", global(MAP_TYPE, STRING_TYPE), is_there);
    declare!(env, "getReqHeader", global(MAP_TYPE, STRING_TYPE), listed_ignoring_case);
    declare!(env, "hasReqHeader", global(MAP_TYPE, STRING_TYPE), is_there_ignoring_case);
    declare!(env, "getResCookie", global(MAP_TYPE, STRING_TYPE), first);
    declare!(env, "hasResCookie", global(MAP_TYPE, STRING_TYPE), is_there);
    declare!(env, "getResHeader", global(MAP_TYPE, STRING_TYPE), listed_ignoring_case);
    declare!(env, "hasResHeader", global(MAP_TYPE, STRING_TYPE), is_there_ignoring_case);
}

/// The member of a map, which is the first argument, by its name, which is the second.
fn member(arguments: &[Value], lower: bool) -> Result<Option<Value>, &'static str> {
    let [Value::Map(map), Value::String(name)] = arguments else { return Err("a name is needed") };
    let name = if lower { Arc::new(name.to_ascii_lowercase()) } else { Arc::clone(name) };
    Ok(map.map.get(&Key::String(name)).cloned())
}

fn text(arguments: &[Value], at: usize) -> Result<&str, &'static str> {
    match arguments.get(at) {
        Some(Value::String(text)) => Ok(text),
        _ => Err("text is needed"),
    }
}

/// A digest of the first argument, in the format that the second names: `hex`, which is the default, or `base64`.
fn hash(arguments: &[Value], algorithm: &'static Algorithm) -> Result<Value, &'static str> {
    let digest = digest::digest(algorithm, text(arguments, 0)?.as_bytes());
    match arguments.get(1) {
        None => Ok(hex(digest.as_ref()).into()),
        Some(_) => match text(arguments, 1)? {
            "hex" => Ok(hex(digest.as_ref()).into()),
            "base64" => Ok(STANDARD.encode(digest).into()),
            _ => Err("the format is hex or base64"),
        },
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn json(arguments: &[Value]) -> Result<Value, &'static str> {
    let json = arguments.first().and_then(|value| value.json().ok());
    json.map(|json| json.to_string().into()).ok_or("it can't be written in JSON")
}

fn decoded_json(arguments: &[Value]) -> Result<Value, &'static str> {
    let json: serde_json::Value = serde_json::from_str(text(arguments, 0)?).map_err(|_| "it is no JSON")?;
    cel::to_value(json).map_err(|_| "it is no JSON")
}

fn escaped(arguments: &[Value]) -> Result<Value, &'static str> {
    let escaped: String = url::form_urlencoded::byte_serialize(text(arguments, 0)?.as_bytes()).collect();
    Ok(escaped.into())
}

fn unescaped(arguments: &[Value]) -> Result<Value, &'static str> {
    let whole = format!("x={}", text(arguments, 0)?.replace('&', "%26"));
    let value = url::form_urlencoded::parse(whole.as_bytes()).next();
    value.map(|(_, value)| value.into_owned().into()).ok_or("it can't be unescaped")
}

fn query(arguments: &[Value]) -> Result<Value, &'static str> {
    let pairs = url::form_urlencoded::parse(text(arguments, 0)?.as_bytes());
    let map = pairs.map(|(name, value)| (Key::from(name.into_owned()), Value::from(value.into_owned())));
    Ok(Value::Map(Map { map: Arc::new(map.collect()) }))
}

/// A map as a query, its names sorted. A name with a list of values is there once for each.
fn encoded_query(arguments: &[Value]) -> Result<Value, &'static str> {
    let [Value::Map(map)] = arguments else { return Err("a map is needed") };
    let mut pairs = Vec::new();
    for (name, value) in map.map.iter() {
        let values = match value {
            Value::List(values) => values.as_slice(),
            one => std::slice::from_ref(one),
        };
        for value in values {
            let Value::String(value) = value else { return Err("a query has texts alone") };
            pairs.push((name.to_string(), value.to_string()));
        }
    }
    pairs.sort();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    Ok(query.into())
}
