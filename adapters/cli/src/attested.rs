//! What is attested of a ledger, read from its store.

use std::collections::VecDeque;

use aduan::store::{Attestation, Attestations, StoreError};

/// Attestations in their order, page by page.
pub(crate) struct Walk<'s> {
    store: &'s dyn Attestations,
    page: VecDeque<Attestation>,
    last: Option<Attestation>,
    is_over: bool,
}

impl<'s> Walk<'s> {
    /// From the first.
    pub(crate) fn of(store: &'s dyn Attestations) -> Self {
        Walk { store, page: VecDeque::new(), last: None, is_over: false }
    }

    /// The next one, without going on.
    ///
    /// # Errors
    /// As [`Attestations::attestations`].
    pub(crate) async fn peek(&mut self) -> Result<Option<&Attestation>, StoreError> {
        if self.page.is_empty() && !self.is_over {
            self.page = self.store.attestations(self.last.as_ref(), PAGE).await?.into();
            // A page may be shorter than what was asked for: only an empty one is the end.
            self.is_over = self.page.is_empty();
        }
        Ok(self.page.front())
    }

    /// The next one; none at the end.
    ///
    /// # Errors
    /// As [`Attestations::attestations`].
    pub(crate) async fn next(&mut self) -> Result<Option<Attestation>, StoreError> {
        self.peek().await?;
        let next = self.page.pop_front();
        if next.is_some() {
            self.last.clone_from(&next);
        }
        Ok(next)
    }
}

const PAGE: usize = 1_000;

#[cfg(test)]
mod tests {
    use aduan::values::LedgerId;
    use aduan_memory::MemoryStore;
    use async_trait::async_trait;

    use super::*;

    /// A store that gives less than it is asked for, as it may.
    struct Scant(MemoryStore);

    #[async_trait]
    impl Attestations for Scant {
        async fn keep_attestation(&self, attestation: &Attestation) -> Result<(), StoreError> {
            self.0.keep_attestation(attestation).await
        }

        async fn attestations(
            &self,
            after: Option<&Attestation>,
            limit: usize,
        ) -> Result<Vec<Attestation>, StoreError> {
            self.0.attestations(after, limit.min(3)).await
        }
    }

    #[tokio::test]
    async fn a_short_page_is_not_the_end() {
        let store = Scant(MemoryStore::new(LedgerId::new("mojokerto").unwrap()));
        for size in 0..10 {
            store.keep_attestation(&Attestation { size, note: format!("note {size}") }).await.unwrap();
        }
        let mut walk = Walk::of(&store);
        let mut sizes = Vec::new();
        while let Some(next) = walk.next().await.unwrap() {
            sizes.push(next.size);
        }
        assert_eq!(sizes, (0..10).collect::<Vec<_>>());
        assert_eq!(walk.peek().await.unwrap(), None, "asked once more, it is still over");
    }
}
