//! What a sign-in has to say about the last attempt.

use crate::model::{FactorRefusal, ModelError};

/// Why the last attempt came to nothing, in the words that the person is told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Alert {
    /// Name or password are wrong, or the account can't be used: nobody is told which.
    #[error("Unable to sign in")]
    NotSignedIn,
    /// A factor's proof was not taken.
    #[error("{}", words(.0))]
    Proof(#[from] FactorRefusal),
    /// The push notification was denied on the device, or a wrong number was chosen.
    #[error("You have chosen to reject this login.")]
    PushRejected,
    /// Nobody answered the push notification in time.
    #[error("Your push notification has expired.")]
    PushTimedOut,
    /// No device took the QR code up in time.
    #[error("The QR code has expired. Set up Okta Verify again.")]
    QrCodeExpired,
    /// Nothing of this kind can be used or set up any more.
    #[error("This security method can't be used. Choose another one.")]
    NotOffered,
    /// An enrolment could not begin.
    #[error("{0}")]
    Enrolment(String),
    /// A new password was not taken.
    #[error("{0}")]
    NewPassword(String),
}

impl From<ModelError> for Alert {
    fn from(error: ModelError) -> Self {
        Self::Enrolment(error.to_string())
    }
}

/// A refusal, as a sentence for the person whose proof it was.
fn words(refusal: &FactorRefusal) -> String {
    let words = match refusal {
        FactorRefusal::WrongCode | FactorRefusal::CodeUsed => return refusal.to_string(),
        FactorRefusal::TooManyFailures { until } => {
            let until = until.format("%H:%M:%S UTC");
            return format!("Too many attempts failed. Try again after {until}.");
        }
        FactorRefusal::Expired => "This took too long, or was done already. Try again.",
        FactorRefusal::WrongDevice => "This device isn't set up for your account.",
        FactorRefusal::WrongOrigin => "The answer was made for another website.",
        FactorRefusal::UserNotVerified => {
            "Your security key or device has to verify that it's you, by a PIN or a biometric."
        }
        FactorRefusal::UnknownCredential => "This security key isn't set up for your account.",
        FactorRefusal::AlreadyEnrolled => "This security key is set up already.",
        FactorRefusal::Copied => {
            "This security key was copied, so it can't be trusted. Contact your administrator."
        }
        _ => "We were unable to verify it's you. Try again.",
    };
    words.to_owned()
}
