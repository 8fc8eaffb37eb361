//! An owner for everything that runs beside the caller.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::task::JoinSet;

/// The owner of a part's tasks: when it is dropped or stopped, they end.
#[derive(Debug, Default)]
pub struct Tasks {
    set: Arc<Mutex<JoinSet<()>>>,
}

/// Lets tasks of the same owner start more of them, without keeping them alive.
#[derive(Clone, Debug)]
pub struct Spawner {
    set: Weak<Mutex<JoinSet<()>>>,
}

impl Tasks {
    /// An owner of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a task that ends with this owner at the latest.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        spawn_into(&self.set, task);
    }

    /// A handle that tasks may carry to start others beside themselves.
    pub fn spawner(&self) -> Spawner {
        Spawner { set: Arc::downgrade(&self.set) }
    }

    /// Ends every task and waits until they are gone, those included that others start while they end.
    pub async fn stop(self) {
        loop {
            let mut set = std::mem::take(&mut *self.set.lock().unwrap_or_else(PoisonError::into_inner));
            if set.is_empty() {
                return;
            }
            set.shutdown().await;
        }
    }
}

impl Spawner {
    /// Starts a task beside the others; does nothing once the owner is gone.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(set) = self.set.upgrade() {
            spawn_into(&set, task);
        }
    }
}

fn spawn_into(set: &Mutex<JoinSet<()>>, task: impl Future<Output = ()> + Send + 'static) {
    let mut set = set.lock().unwrap_or_else(PoisonError::into_inner);
    while set.try_join_next().is_some() {}
    set.spawn(task);
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn dropping_the_owner_ends_its_tasks() {
        let (alive, gone) = oneshot::channel::<()>();
        let tasks = Tasks::new();
        tasks.spawn(async move {
            let _alive = alive;
            std::future::pending::<()>().await;
        });
        drop(tasks);
        assert!(gone.await.is_err());
    }

    #[tokio::test]
    async fn a_task_that_another_starts_as_it_ends_is_gone_too() {
        /// Starts its last task when it is dropped.
        struct Heir(Spawner, Option<oneshot::Sender<()>>);
        impl Drop for Heir {
            fn drop(&mut self) {
                let alive = self.1.take();
                self.0.spawn(async move {
                    let _alive = alive;
                    std::future::pending::<()>().await;
                });
            }
        }
        let (alive, mut gone) = oneshot::channel::<()>();
        let tasks = Tasks::new();
        let heir = Heir(tasks.spawner(), Some(alive));
        tasks.spawn(async move {
            let _heir = heir;
            std::future::pending::<()>().await;
        });
        tasks.stop().await;
        assert_eq!(gone.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }

    #[tokio::test]
    async fn a_spawner_does_nothing_once_its_owner_is_gone() {
        let tasks = Tasks::new();
        let spawner = tasks.spawner();
        tasks.stop().await;
        let (alive, gone) = oneshot::channel::<()>();
        spawner.spawn(async move {
            let _ = alive.send(());
        });
        assert!(gone.await.is_err());
    }
}
