use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key, sign};

use super::*;

/// A provider's own example, or one that is made as its documentation says.
struct Example {
    provider: &'static str,
    secret: &'static str,
    url: &'static str,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// When it was sent, in seconds.
    sent: i64,
}

impl Example {
    fn decide(&self, body: &str, secret: &str, seconds_later: i64) -> Result<WebhookAnswer, Denial> {
        let action = VerifyWebhook::new(self.provider, Secret::new("webhook secret", secret)).unwrap();
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(*name, value.parse().unwrap());
        }
        let now = DateTime::from_timestamp(self.sent + seconds_later, 0).unwrap();
        let webhook =
            Webhook { method: &Method::POST, url: self.url, headers: &headers, body: body.as_bytes() };
        action.decide(&webhook, now)
    }

    fn check(&self) {
        let passes =
            |body: &str, secret: &str| matches!(self.decide(body, secret, 10), Ok(WebhookAnswer::Pass(_)));
        assert!(passes(&self.body, self.secret), "{}", self.provider);
        let is_token = matches!(find(self.provider).unwrap().1, Scheme::Token { .. });
        assert!(
            is_token || !passes(&format!("{} ", self.body), self.secret),
            "{}: another body",
            self.provider
        );
        let other = if self.provider == "sendgrid" { OTHER_SENDGRID_KEY } else { "c29tZXRoaW5nIGVsc2U=" };
        assert!(!passes(&self.body, other), "{}: another secret", self.provider);
        let bare = Example { headers: Vec::new(), body: self.body.clone(), ..*self };
        assert!(bare.decide(&self.body, self.secret, 10).is_err(), "{}: no signature", self.provider);
    }
}

const URL: &str = "https://app.tunnel.test/hook";
const SENT: i64 = 1_700_000_000;
/// Another point of the curve: its generator.
const OTHER_SENDGRID_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn the_providers_own_examples_pass() {
    Example {
        provider: "github",
        secret: "It's a Secret to Everybody",
        url: URL,
        headers: vec![(
            "x-hub-signature-256",
            "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17".to_owned(),
        )],
        body: "Hello, World!".to_owned(),
        sent: SENT,
    }
    .check();
    Example {
        provider: "slack",
        secret: "8f742231b10e8888abcd99yyyzzz85a5",
        url: URL,
        headers: vec![
            ("x-slack-request-timestamp", "1531420618".to_owned()),
            (
                "x-slack-signature",
                "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503".to_owned(),
            ),
        ],
        body: "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
               &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
               &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
               96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
            .to_owned(),
        sent: 1_531_420_618,
    }
    .check();
    Example {
        provider: "svix",
        secret: "whsec_plJ3nmyCDGBKInavdOK15jsl",
        url: URL,
        headers: vec![
            ("svix-id", "msg_loFOjxBNrRLzqYUf".to_owned()),
            ("svix-timestamp", "1731705121".to_owned()),
            ("svix-signature", "v1,bm9ldHU= v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0= v2,x".to_owned()),
        ],
        body: r#"{"event_type":"ping","data":{"success":true}}"#.to_owned(),
        sent: 1_731_705_121,
    }
    .check();
    Example {
        provider: "twilio",
        secret: "12345",
        url: "https://mycompany.com/myapp.php?foo=1&bar=2",
        headers: vec![
            ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ("x-twilio-signature", "RSOYDt4T1cUTdK1PDd93/VVr8B8=".to_owned()),
        ],
        body: "CallSid=CA1234567890ABCDE&Caller=%2B14158675309&Digits=1234&From=%2B14158675309&To=%2B18005551212"
            .to_owned(),
        sent: SENT,
    }
    .check();
    Example {
        provider: "sendgrid",
        secret: "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
        url: URL,
        headers: vec![
            ("x-twilio-email-event-webhook-timestamp", "1600112502".to_owned()),
            (
                "x-twilio-email-event-webhook-signature",
                "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM="
                    .to_owned(),
            ),
        ],
        body: "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"sg_event_id\":\
               \"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\
               \"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\
               \"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n"
            .to_owned(),
        sent: 1_600_112_502,
    }
    .check();
}

#[test]
fn schemes_are_made_as_their_documentation_says() {
    let secret = "bm90IGEgc2VjcmV0IQ==";
    let body = r#"{"event":"x","webhookTimestamp":1700000000000}"#.to_owned();
    let sha256 = Key::new(HMAC_SHA256, secret.as_bytes());
    let sha1 = Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    let sha512 = Key::new(HMAC_SHA512, secret.as_bytes());
    let decoded = Key::new(HMAC_SHA256, b"not a secret!");
    let hex256 = |message: &str| hex(sign(&sha256, message.as_bytes()).as_ref());
    let base256 = |message: &str| STANDARD.encode(sign(&sha256, message.as_bytes()));
    let plain = hex256(&body);
    let stamped = hex256(&format!("{SENT}.{body}"));
    let v0 = format!("v0={}", hex256(&format!("v0:{SENT}:{body}")));
    let at = SENT.to_string();
    let rfc3339 = "2023-11-14T22:13:20Z".to_owned();
    let standard = sign(&decoded, format!("msg_1.{SENT}.{body}").as_bytes());
    let standard = format!("v1,{}", STANDARD.encode(standard));
    let examples: Vec<(&'static str, Vec<(&'static str, String)>)> = vec![
        ("bitbucket", vec![("x-hub-signature", format!("sha256={plain}"))]),
        ("facebook_messenger", vec![("x-hub-signature-256", format!("sha256={plain}"))]),
        ("whatsapp", vec![("x-hub-signature-256", format!("sha256={plain}"))]),
        ("shopify", vec![("x-shopify-hmac-sha256", base256(&body))]),
        ("gitlab", vec![("x-gitlab-token", secret.to_owned())]),
        ("okta", vec![("authorization", secret.to_owned())]),
        ("dropbox", vec![("x-dropbox-signature", plain.clone())]),
        (
            "intercom",
            vec![("x-hub-signature", format!("sha1={}", hex(sign(&sha1, body.as_bytes()).as_ref())))],
        ),
        ("pagerduty", vec![("x-pagerduty-signature", format!("v1=00,v1={plain}"))]),
        ("linear", vec![("linear-signature", plain.clone())]),
        ("square", vec![("x-square-hmacsha256-signature", base256(&format!("{URL}{body}")))]),
        ("typeform", vec![("typeform-signature", format!("sha256={}", base256(&body)))]),
        ("stripe", vec![("stripe-signature", format!("t={SENT},v1=00,v1={stamped},v0=x"))]),
        ("mux", vec![("mux-signature", format!("t={SENT},v1={stamped}"))]),
        ("tiktok", vec![("tiktok-signature", format!("t={SENT},s={stamped}"))]),
        ("zoom", vec![("x-zm-request-timestamp", at.clone()), ("x-zm-signature", v0)]),
        (
            "standard_webhooks",
            vec![
                ("webhook-id", "msg_1".to_owned()),
                ("webhook-timestamp", at.clone()),
                ("webhook-signature", standard.clone()),
            ],
        ),
        (
            "clerk",
            vec![
                ("svix-id", "msg_1".to_owned()),
                ("svix-timestamp", at.clone()),
                ("svix-signature", standard),
            ],
        ),
        (
            "hubspot",
            vec![
                ("x-hubspot-request-timestamp", format!("{SENT}000")),
                ("x-hubspot-signature-v3", base256(&format!("POST{URL}{body}{SENT}000"))),
            ],
        ),
        (
            "zendesk",
            vec![
                ("x-zendesk-webhook-signature-timestamp", rfc3339.clone()),
                ("x-zendesk-webhook-signature", base256(&format!("{rfc3339}{body}"))),
            ],
        ),
        ("terraform", vec![("x-tfe-notification-signature", hex(sign(&sha512, body.as_bytes()).as_ref()))]),
        (
            "microsoft_teams",
            vec![("authorization", format!("HMAC {}", STANDARD.encode(sign(&decoded, body.as_bytes()))))],
        ),
        ("heroku", vec![("heroku-webhook-hmac-sha256", base256(&body))]),
        ("sentry", vec![("sentry-hook-signature", plain)]),
    ];
    for (provider, headers) in examples {
        Example { provider, secret, url: URL, headers, body: body.clone(), sent: SENT }.check();
    }
    let signature = json!({"timestamp": at, "token": "abc", "signature": hex256(&format!("{SENT}abc"))});
    let mailgun = json!({"signature": signature, "event-data": {}}).to_string();
    let example =
        Example { provider: "mailgun", secret, url: URL, headers: vec![], body: mailgun, sent: SENT };
    assert!(example.decide(&example.body, secret, 0).is_ok());
    assert!(example.decide(&example.body, "bm8=", 0).is_err());
}

#[test]
fn old_and_early_webhooks_are_refused() {
    let secret = "whsec_plJ3nmyCDGBKInavdOK15jsl";
    let example = Example {
        provider: "svix",
        secret,
        url: URL,
        headers: vec![
            ("svix-id", "msg_loFOjxBNrRLzqYUf".to_owned()),
            ("svix-timestamp", "1731705121".to_owned()),
            ("svix-signature", "v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=".to_owned()),
        ],
        body: r#"{"event_type":"ping","data":{"success":true}}"#.to_owned(),
        sent: 1_731_705_121,
    };
    for (later, passes) in [(300, true), (301, false), (-300, true), (-301, false)] {
        assert_eq!(example.decide(&example.body, secret, later).is_ok(), passes, "{later}");
    }
    let denial = example.decide(&example.body, secret, 3600).unwrap_err();
    assert_eq!((denial.status, denial.code), (StatusCode::FORBIDDEN, Some(3204)));
    assert_eq!(denial.message, "The webhook is too old, or from the future.");
}

#[test]
fn challenges_are_answered_to_the_provider_alone() {
    let key = Key::new(HMAC_SHA256, b"secret-1");
    let body = r#"{"event":"endpoint.url_validation","payload":{"plainToken":"abc"}}"#;
    let signature = format!("v0={}", hex(sign(&key, format!("v0:{SENT}:{body}").as_bytes()).as_ref()));
    let headers = vec![("x-zm-request-timestamp", SENT.to_string()), ("x-zm-signature", signature)];
    let zoom = Example {
        provider: "zoom",
        secret: "secret-1",
        url: URL,
        headers,
        body: body.to_owned(),
        sent: SENT,
    };
    let Ok(WebhookAnswer::Challenge(reply)) = zoom.decide(body, "secret-1", 0) else { panic!("no answer") };
    let answer: Json = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(answer["encryptedToken"], hex(sign(&key, b"abc").as_ref()));
    let forged = body.replace("abc", "abd");
    assert!(zoom.decide(&forged, "secret-1", 0).is_err());

    let action = VerifyWebhook::new("twitter", Secret::new("webhook secret", "secret-1")).unwrap();
    let now = DateTime::from_timestamp(SENT, 0).unwrap();
    let url = format!("{URL}?crc_token=abc&nonce=1");
    let tag = STANDARD.encode(sign(&key, b"crc_token=abc&nonce=1"));
    let mut headers = HeaderMap::new();
    let webhook = Webhook { method: &Method::GET, url: &url, headers: &headers, body: b"" };
    assert!(
        action.decide(&webhook, now).is_err(),
        "nobody has texts signed here who does not know the secret"
    );
    headers.insert("x-twitter-webhooks-signature", format!("sha256={tag}").parse().unwrap());
    let webhook = Webhook { method: &Method::GET, url: &url, headers: &headers, body: b"" };
    assert!(matches!(action.decide(&webhook, now), Ok(WebhookAnswer::Challenge(_))));
}

#[test]
fn providers_are_known_by_name() {
    assert_eq!(
        VerifyWebhook::new("GitHub", Secret::new("webhook secret", "a")).unwrap().provider(),
        "github"
    );
    let unknown = VerifyWebhook::new("githup", Secret::new("webhook secret", "a")).unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "Webhooks: there is no webhook provider `githup` here; did you mean `github`?"
    );
    assert!(VerifyWebhook::new("github", Secret::new("webhook secret", "")).is_err());
    assert!(PROVIDERS.is_sorted_by_key(|(name, _)| *name));
}
