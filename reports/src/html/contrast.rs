//! Text is read on the grounds it stands on: WCAG 2.2, success criterion 1.4.3, in both colour schemes.

const STYLE: &str = include_str!("../../assets/report.css");

/// What is text, and where it stands.
const PAIRS: &[(&str, &[&str])] = &[
    ("ink", &["ground", "sheet", "sunken", "failed-ground", "failed-mark", "passed-mark"]),
    ("quiet", &["ground", "sheet", "sunken", "failed-ground"]),
    ("accent", &["ground", "sheet", "sunken", "failed-ground"]),
    ("passed", &["ground", "sheet", "sunken"]),
    ("failed", &["ground", "sheet", "sunken", "failed-ground"]),
    ("interrupted", &["ground", "sheet", "sunken"]),
    ("tunnel", &["sheet", "sunken", "failed-ground"]),
    ("mask-ink", &["mask"]),
];

#[test]
fn text_is_readable_in_both_colour_schemes() {
    for (ink, grounds) in PAIRS {
        for ground in *grounds {
            for (scheme, (ink_colour, ground_colour)) in
                ["light", "dark"].iter().zip(colours(ink).into_iter().zip(colours(ground)))
            {
                let ratio = contrast(ink_colour, ground_colour);
                assert!(ratio >= 4.5, "{ink} on {ground}, {scheme}: {ratio:.2}");
            }
        }
    }
}

/// The light and the dark value of `--name: light-dark(#rrggbb, #rrggbb)`.
fn colours(name: &str) -> [u32; 2] {
    let (_, rest) =
        STYLE.split_once(&format!("--{name}: light-dark(")).unwrap_or_else(|| panic!("no colour {name}"));
    let (light, rest) = rest.split_once(", ").unwrap();
    let (dark, _) = rest.split_once(')').unwrap();
    [light, dark].map(|colour| u32::from_str_radix(colour.trim_start_matches('#'), 16).unwrap())
}

fn contrast(one: u32, other: u32) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

fn luminance(colour: u32) -> f64 {
    let channel = |shift: u32| {
        let value = f64::from(colour >> shift & 0xff) / 255.0;
        if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(16) + 0.7152 * channel(8) + 0.0722 * channel(0)
}
