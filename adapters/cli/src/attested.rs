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
            self.is_over = self.page.len() < PAGE;
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
