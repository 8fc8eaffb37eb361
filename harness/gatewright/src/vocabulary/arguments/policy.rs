//! What the org's policies can be told.

use std::time::Duration;

use crate::vocabulary::argument::Count;
use crate::vocabulary::names::{AppName, GroupName, UserName, ZoneName};
use crate::vocabulary::record::{choice, record, words};

words! {
    /// Whether a rule lets somebody in.
    Access {
        /// Yes, given the proof.
        Allow = "allow",
        /// No, whatever the proof.
        Deny = "deny",
    }
}

words! {
    /// When a second factor is asked for to begin a session.
    SecondFactor {
        /// At every sign-in.
        Always = "always",
        /// In a browser in which the person has not given two factors yet.
        NewDevice = "in a new browser",
    }
}

record! {
    /// A rule of an app's sign-in policy. Whom it fits: everyone, unless something is written.
    AppRule {
        takes {
            /// These users.
            users: Vec<UserName>,
            /// The members of these groups.
            groups: Vec<GroupName>,
            /// But not the members of these.
            except_groups: Vec<GroupName>,
            /// Those who come from this zone.
            from: Option<ZoneName>,
            /// Those who come from elsewhere than this zone.
            from_outside: Option<ZoneName>,
            /// Whether it lets them in; it does unless written.
            access: Option<Access>,
            /// How many factors it asks for, 1 or 2; 1 unless written.
            factors: Option<Count>,
            /// How old a proof may be; `0s` for one given at every sign-in; any age unless written.
            reauthenticate_after: Option<Duration>,
            /// Whether the password has to be among the proofs.
            password: bool,
            /// Whether a proof has to be phishing-resistant.
            phishing_resistant: bool,
            /// Whether the device has to make sure that it is this person.
            user_verification: bool,
        }
    }
}

record! {
    /// A rule of the global session policy. Whom it fits: everyone, unless something is written.
    SessionRule {
        takes {
            /// These users.
            users: Vec<UserName>,
            /// The members of these groups.
            groups: Vec<GroupName>,
            /// But not the members of these.
            except_groups: Vec<GroupName>,
            /// Those who come from this zone.
            from: Option<ZoneName>,
            /// Those who come from elsewhere than this zone.
            from_outside: Option<ZoneName>,
            /// Whether it lets them in; it does unless written.
            access: Option<Access>,
            /// Whether a session begins with the password.
            password: bool,
            /// When a second factor is asked for; never unless this or `second_factor_after` is written.
            second_factor: Option<SecondFactor>,
            /// After how long a second factor is asked for again in the same browser.
            second_factor_after: Option<Duration>,
            /// How long a session may stand unused; two hours unless written.
            idle: Option<Duration>,
            /// How long a session may live; without end unless written.
            lifetime: Option<Duration>,
        }
    }
}

record! {
    /// A rule that an app's sign-in policy gets.
    NewAppRule {
        needs {
            /// The app.
            app: AppName,
            /// What the rule says.
            rule: AppRule,
        }
    }
}

record! {
    /// A rule that the global session policy gets.
    NewSessionRule {
        needs {
            /// What the rule says.
            session_rule: SessionRule,
        }
    }
}

choice! {
    /// A rule that comes first from now on.
    NewRule {
        /// Of an app's sign-in policy.
        App(NewAppRule) by app,
        /// Of the global session policy.
        Session(NewSessionRule) by session_rule,
    }
}
