use dolmen_model::Time;

/// What somebody is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotice {
    /// To whom, by the name that the configuration gives.
    pub target: String,
    /// The same thing has the same key, so that it is sent once.
    pub key: String,
    /// What is sent.
    pub body: String,
}

/// What is still to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its number.
    pub id: i64,
    /// To whom.
    pub target: String,
    /// The same thing has the same key.
    pub key: String,
    /// What is sent.
    pub body: String,
    /// How often it failed.
    pub attempts: u32,
    /// When it is tried again, by the clock on the wall.
    pub due: Time,
}
