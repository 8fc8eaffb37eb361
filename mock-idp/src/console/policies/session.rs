//! What a rule of a global session policy says, as a form.

use super::length::{Field, Length, Unit};
use crate::model::{Access, FactorPrompt, ModelError, PrimaryFactor, SessionLimits, SignOn};
use crate::web::Params;

static LIFETIME: Field = Field {
    name: "factor_lifetime",
    label: "MFA lifetime",
    hint: "How long after it was given in a browser it isn't asked for there again.",
    about: "factorLifetime",
    from: Unit::Minutes,
};
static MAX_LIFETIME: Field = Field {
    name: "max_lifetime",
    label: "Maximum session lifetime",
    hint: "Leave it empty for no time limit.",
    about: "maxSessionLifetimeMinutes",
    from: Unit::Minutes,
};
static MAX_IDLE: Field = Field {
    name: "max_idle",
    label: "Maximum session idle time",
    hint: "Leave it empty for no time limit.",
    about: "maxSessionIdleMinutes",
    from: Unit::Minutes,
};

/// The fields that show what is wrong with them.
pub(super) const FIELDS: [&str; 3] = ["factorLifetime", "maxSessionLifetimeMinutes", "maxSessionIdleMinutes"];

/// What the form holds.
pub(super) struct SessionForm {
    pub(super) denies: bool,
    pub(super) password_first: bool,
    pub(super) prompt: Prompt,
    pub(super) factor_lifetime: Length,
    pub(super) max_lifetime: Length,
    pub(super) max_idle: Length,
    pub(super) persistent: bool,
}

/// Whether two factors are asked for, and when again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prompt {
    NotRequired,
    Always,
    Device,
    Session,
}

impl Prompt {
    const ALL: [Self; 4] = [Self::NotRequired, Self::Always, Self::Device, Self::Session];

    fn name(self) -> &'static str {
        match self {
            Self::NotRequired => "none",
            Self::Always => "always",
            Self::Device => "device",
            Self::Session => "session",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::NotRequired => "Not required",
            Self::Always => "Required at every sign in",
            Self::Device => "Required when signing in with a new device cookie",
            Self::Session => "Required after MFA lifetime expires for the device cookie",
        }
    }
}

impl SessionForm {
    /// What a new rule says unless it is changed.
    pub(super) fn new() -> Self {
        Self::of(&SignOn {
            access: Access::Allow,
            require_factor: None,
            primary_factor: PrimaryFactor::Any,
            session: SessionLimits::default(),
        })
    }

    pub(super) fn of(action: &SignOn) -> Self {
        let (prompt, lifetime) = match action.require_factor {
            None => (Prompt::NotRequired, None),
            Some(FactorPrompt::Always) => (Prompt::Always, None),
            Some(FactorPrompt::Device) => (Prompt::Device, None),
            Some(FactorPrompt::Session(lifetime)) => (Prompt::Session, Some(lifetime)),
        };
        Self {
            denies: action.access == Access::Deny,
            password_first: action.primary_factor == PrimaryFactor::Password,
            prompt,
            factor_lifetime: Length::of(&LIFETIME, lifetime),
            max_lifetime: Length::of(&MAX_LIFETIME, action.session.max_lifetime),
            max_idle: Length::of(&MAX_IDLE, action.session.max_idle),
            persistent: action.session.persistent_cookie,
        }
    }

    pub(super) fn sent(form: &Params) -> Result<Self, ModelError> {
        let prompt = form.text("prompt");
        let prompt = Prompt::ALL.into_iter().find(|known| known.name() == prompt);
        Ok(Self {
            denies: super::rule_form::denies(form)?,
            password_first: form.text("primary") == "password",
            prompt: prompt.ok_or_else(|| ModelError::invalid("actions", "Choose when MFA is required."))?,
            factor_lifetime: Length::sent(&LIFETIME, form),
            max_lifetime: Length::sent(&MAX_LIFETIME, form),
            max_idle: Length::sent(&MAX_IDLE, form),
            persistent: form.has("persistent"),
        })
    }

    pub(super) fn action(&self) -> Result<SignOn, ModelError> {
        Ok(SignOn {
            access: if self.denies { Access::Deny } else { Access::Allow },
            require_factor: match self.prompt {
                Prompt::NotRequired => None,
                Prompt::Always => Some(FactorPrompt::Always),
                Prompt::Device => Some(FactorPrompt::Device),
                Prompt::Session => Some(FactorPrompt::Session(self.factor_lifetime.needed()?)),
            },
            primary_factor: if self.password_first { PrimaryFactor::Password } else { PrimaryFactor::Any },
            session: SessionLimits {
                max_idle: self.max_idle.time()?,
                max_lifetime: self.max_lifetime.time()?,
                persistent_cookie: self.persistent,
            },
        })
    }

    /// Name and label of each answer to the question when MFA is required, and whether it is the one that is given.
    pub(super) fn prompts(&self) -> [(&'static str, &'static str, bool); 4] {
        Prompt::ALL.map(|prompt| (prompt.name(), prompt.label(), prompt == self.prompt))
    }
}
