//! QR codes, as pictures.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ground::Secret;
use qrcodegen::{QrCode, QrCodeEcc};

/// White around the code, in modules (ISO/IEC 18004 asks for four).
const MARGIN: i32 = 4;

/// A text's QR code, as a `data:` URI of an SVG; empty for a text that is too long for one.
pub(crate) fn data_uri(text: &Secret) -> String {
    let Ok(code) = QrCode::encode_text(text.expose(), QrCodeEcc::Medium) else { return String::new() };
    let places = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    let dark = places.filter(|(x, y)| code.get_module(*x, *y));
    let path: String = dark.map(|(x, y)| format!("M{} {}h1v1h-1z", x + MARGIN, y + MARGIN)).collect();
    let size = code.size() + 2 * MARGIN;
    let svg = format!(
        r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{size}v{size}H0z"/><path d="{path}"/></svg>"##
    );
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_a_margin_and_its_three_corners() {
        let uri = data_uri(&Secret::new("TOTP secret", "otpauth://totp/a:b?secret=AAAA"));
        let svg = STANDARD.decode(uri.strip_prefix("data:image/svg+xml;base64,").unwrap()).unwrap();
        let svg = String::from_utf8(svg).unwrap();
        let size: i32 = svg.split_once("0 0 ").unwrap().1.split(' ').next().unwrap().parse().unwrap();
        let last = size - MARGIN - 7;
        for (x, y) in [(MARGIN, MARGIN), (last, MARGIN), (MARGIN, last)] {
            assert!(svg.contains(&format!("M{x} {y}h1")), "{svg}");
        }
        assert!(!svg.contains("M3 "));
        assert_eq!(data_uri(&Secret::new("text", "x".repeat(5_000))), "");
    }
}
