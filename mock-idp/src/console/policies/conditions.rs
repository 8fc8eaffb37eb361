//! Whom a rule fits, as a form.

use std::collections::BTreeSet;

use crate::console::choices::Choices;
use crate::console::wrong::Wrong;
use crate::model::{Choice, Conditions, GroupId, Model, ModelError, Network, PageRequest, UserId, ZoneId};
use crate::web::Params;

/// What the form holds.
#[derive(Default)]
pub(super) struct ConditionsForm {
    groups: Choice<GroupId>,
    /// Usernames, one a line.
    pub(super) users: String,
    pub(super) users_except: String,
    pub(super) network: Place,
    zones: BTreeSet<ZoneId>,
}

/// From where, as the form asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Place {
    #[default]
    Anywhere,
    In,
    NotIn,
}

impl Place {
    const ALL: [Self; 3] = [Self::Anywhere, Self::In, Self::NotIn];

    fn name(self) -> &'static str {
        match self {
            Self::Anywhere => "anywhere",
            Self::In => "in",
            Self::NotIn => "not_in",
        }
    }

    fn label(self) -> &'static str {
        match self {
            Self::Anywhere => "Anywhere",
            Self::In => "In any of these zones",
            Self::NotIn => "Not in any of these zones",
        }
    }
}

impl ConditionsForm {
    pub(super) fn of(model: &Model, conditions: &Conditions) -> Self {
        let (network, zones) = match &conditions.network {
            Network::Anywhere => (Place::Anywhere, BTreeSet::new()),
            Network::In(zones) => (Place::In, zones.clone()),
            Network::NotIn(zones) => (Place::NotIn, zones.clone()),
        };
        Self {
            groups: conditions.groups.clone(),
            users: logins(model, &conditions.users.include),
            users_except: logins(model, &conditions.users.exclude),
            network,
            zones,
        }
    }

    pub(super) fn sent(form: &Params) -> Result<Self, ModelError> {
        let groups = |name| form.values(name).map(GroupId::new).collect();
        let network = match form.value("network") {
            None => Some(Place::Anywhere),
            Some(name) => Place::ALL.into_iter().find(|place| place.name() == name),
        };
        Ok(Self {
            groups: Choice { include: groups("group"), exclude: groups("group_except") },
            users: form.text("users").to_owned(),
            users_except: form.text("users_except").to_owned(),
            network: network.ok_or_else(|| ModelError::invalid("network", "Choose from where."))?,
            zones: form.values("zone").map(ZoneId::new).collect(),
        })
    }

    pub(super) fn conditions(&self, model: &Model) -> Result<Conditions, ModelError> {
        Ok(Conditions {
            users: Choice {
                include: users(model, "people.users", &self.users)?,
                exclude: users(model, "people.users.exclude", &self.users_except)?,
            },
            groups: self.groups.clone(),
            network: match self.network {
                Place::Anywhere => Network::Anywhere,
                Place::In => Network::In(self.zones.clone()),
                Place::NotIn => Network::NotIn(self.zones.clone()),
            },
        })
    }

    /// The lists to choose from: groups, groups that are excepted, zones.
    pub(super) fn choices(&self, model: &Model, wrong: &Wrong) -> [Choices; 3] {
        let groups = model.groups(&PageRequest::all(), |_| true).items;
        let groups = || groups.iter().map(|group| (group.id.clone(), group.name.clone()));
        let zones = model.zones(&PageRequest::all(), |_| true).items;
        let zones = zones.iter().map(|zone| (zone.id.clone(), zone.settings.name.clone()));
        let [include, exclude, place] = [
            ("group", "Groups", ""),
            ("group_except", "Except members of these groups", ""),
            ("zone", "Network zones", ""),
        ];
        [
            Choices::of(include, groups(), &self.groups.include).refused(wrong.about("people.groups")),
            Choices::of(exclude, groups(), &self.groups.exclude),
            Choices::of(place, zones, &self.zones).refused(wrong.about("network")),
        ]
    }

    /// Name and label of each answer to the question from where, and whether it is the one that is given.
    pub(super) fn places(&self) -> [(&'static str, &'static str, bool); 3] {
        Place::ALL.map(|place| (place.name(), place.label(), place == self.network))
    }
}

fn logins(model: &Model, users: &BTreeSet<UserId>) -> String {
    // Whoever is there no longer is shown by the id, which can be taken out.
    let login =
        |id: &UserId| model.user(id).map_or_else(|| id.to_string(), |user| user.profile.login.clone());
    users.iter().map(login).collect::<Vec<_>>().join("\n")
}

/// The people of these usernames or ids, one a line or divided by commas.
fn users(model: &Model, field: &'static str, text: &str) -> Result<BTreeSet<UserId>, ModelError> {
    let names = text.split(['\n', ',']).map(str::trim).filter(|name| !name.is_empty());
    let find = |name: &str| {
        let user = model.user_by_login(name).or_else(|| model.user(&UserId::new(name)));
        user.map(|user| user.id.clone())
            .ok_or_else(|| ModelError::invalid(field, format!("There is no user {name}.")))
    };
    names.map(find).collect()
}
