//! Messages that lie aside: on the bus, or kept by this machine once somebody here decided about
//! them. They are looked at where they are, and only those that something is done with are taken.

use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use dolmen_bus::{Aside, DrainError, FailedMessage, KeepError, KeepFailed};
use dolmen_bus_sqlite::{FailedFile, Kept, KeptId};
use dolmen_model::Time;

use super::open::{Bus, explain};

/// One message that lies aside.
#[derive(Clone, Debug)]
pub(super) struct Lying {
    pub(super) failed: FailedMessage,
    /// Its number in the file of this machine; `None` while it is on the bus.
    pub(super) kept: Option<KeptId>,
}

impl From<Kept> for Lying {
    fn from(Kept { id, failed }: Kept) -> Self {
        Self { failed, kept: Some(id) }
    }
}

/// By what a message is known again.
type Identity = (String, String, Time);

fn identity(failed: &FailedMessage) -> Identity {
    (failed.message.id.clone(), failed.service.clone(), failed.failed_at)
}

/// What `row` makes of each message there that nobody decided about, until there are `most`. Whatever
/// somebody took over counts as failed from then on.
pub(super) async fn look<T: Send>(
    bus: &Bus,
    file: &FailedFile,
    aside: Aside,
    most: usize,
    mut row: impl FnMut(Lying) -> Option<T> + Send,
) -> anyhow::Result<Vec<T>> {
    let (mut rows, mut kept) = (Vec::new(), HashSet::new());
    for message in file.open_messages().await? {
        kept.insert(identity(&message.failed));
        if aside == Aside::Failed {
            rows.extend(row(message.into()));
        }
    }
    let mut see = |failed: FailedMessage| {
        // Who died after it was kept, and before the bus had forgotten it, left it in both.
        if !kept.contains(&identity(&failed)) {
            rows.extend(row(Lying { failed, kept: None }));
        }
        match rows.len() < most {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    };
    bus.transport.look(aside, &mut see).await.map_err(explain)?;
    Ok(rows)
}

/// Takes those over that are on the bus. All of them as they are kept now, but for what somebody else
/// took meanwhile.
pub(super) async fn take_over(
    bus: &Bus,
    file: &FailedFile,
    aside: Aside,
    chosen: Vec<Lying>,
) -> anyhow::Result<Vec<Kept>> {
    let mut ids = HashSet::new();
    let mut left: HashMap<(String, String), usize> = HashMap::new();
    for Lying { failed, kept } in chosen {
        match kept {
            Some(id) => drop(ids.insert(id)),
            None => *left.entry((failed.message.id, failed.service)).or_default() += 1,
        }
    }
    let keeper = Noting { file, kept: Mutex::default() };
    if !left.is_empty() {
        // As many as were chosen: one that failed again since comes behind them.
        let mut wanted = |failed: &FailedMessage| {
            let left = left.get_mut(&(failed.message.id.clone(), failed.service.clone()));
            let left = left.filter(|left| **left > 0);
            left.map(|left| *left -= 1).is_some()
        };
        let taken = bus.transport.take(aside, &mut wanted, &keeper).await;
        taken.map_err(|error| match error {
            DrainError::Transport(error) => explain(error),
            error @ DrainError::Keep(_) => error.into(),
        })?;
    }
    let taken = keeper.kept.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut mine = file.open_messages().await?;
    mine.retain(|kept| ids.contains(&kept.id) || taken.contains(&identity(&kept.failed)));
    // Listed newest first.
    mine.reverse();
    Ok(mine)
}

/// Keeps messages, and notes which.
struct Noting<'a> {
    file: &'a FailedFile,
    kept: Mutex<HashSet<Identity>>,
}

#[async_trait]
impl KeepFailed for Noting<'_> {
    async fn keep(&self, batch: Vec<FailedMessage>) -> Result<(), KeepError> {
        let identities: Vec<Identity> = batch.iter().map(identity).collect();
        self.file.keep(batch).await?;
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).extend(identities);
        Ok(())
    }
}
