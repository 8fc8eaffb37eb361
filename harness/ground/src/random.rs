//! Unguessable values, from the operating system's randomness by way of aws-lc.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// `N` random bytes.
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    aws_lc_rs::rand::fill(&mut out).expect("the operating system gives randomness");
    out
}

/// A URL-safe token of 256 random bits, 43 characters.
pub fn token() -> String {
    URL_SAFE_NO_PAD.encode(bytes::<32>())
}

/// `length` characters of `A-Z a-z 0-9`, each uniformly random.
pub fn alphanumeric(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    // 248 is the largest multiple of 62 in a byte: what lies above is thrown away, so that no character is favoured.
    std::iter::repeat_with(bytes::<64>)
        .flatten()
        .filter(|byte| *byte < 248)
        .map(|byte| char::from(ALPHABET[usize::from(byte % 62)]))
        .take(length)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_their_length_and_alphabet_and_differ() {
        assert_eq!(token().len(), 43);
        assert_ne!(token(), token());
        let id = alphanumeric(200);
        assert_eq!(id.len(), 200);
        assert!(id.chars().all(|c| c.is_ascii_alphanumeric()));
        assert_ne!(id, alphanumeric(200));
    }
}
