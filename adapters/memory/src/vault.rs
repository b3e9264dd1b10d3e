//! A vault in memory, with one outer key.

use aduan::sealed::{self, ComplaintKey, WrappedKey};
use aduan::store::{KeyVault, VaultError};
use aduan::values::{ComplaintId, LedgerId};
use async_trait::async_trait;
use zeroize::Zeroizing;

/// Holds one outer key, and derives the secret of any ledger from it.
///
/// ```
/// use aduan_memory::MemoryVault;
/// let vault = MemoryVault::new([7; 32]);
/// assert_eq!(format!("{vault:?}"), "MemoryVault");
/// ```
pub struct MemoryVault {
    outer: Zeroizing<[u8; 32]>,
}

impl MemoryVault {
    /// A vault around an outer key.
    pub fn new(outer: [u8; 32]) -> Self {
        MemoryVault { outer: Zeroizing::new(outer) }
    }
}

impl std::fmt::Debug for MemoryVault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MemoryVault")
    }
}

#[async_trait]
impl KeyVault for MemoryVault {
    async fn ledger_secret(&self, ledger: &LedgerId) -> Result<[u8; 32], VaultError> {
        Ok(sealed::derive(&self.outer, &[b"ledger-secret", ledger.as_str().as_bytes()]))
    }

    async fn wrap(
        &self,
        ledger: &LedgerId,
        complaint: ComplaintId,
        key: &ComplaintKey,
        seed: &[u8; 32],
    ) -> Result<WrappedKey, VaultError> {
        Ok(sealed::wrap(&self.outer, EPOCH, ledger, complaint, key, seed))
    }

    async fn unwrap(
        &self,
        ledger: &LedgerId,
        complaint: ComplaintId,
        wrapped: &WrappedKey,
    ) -> Result<ComplaintKey, VaultError> {
        if wrapped.epoch != EPOCH {
            return Err(VaultError(format!("there is no outer key of epoch {}", wrapped.epoch)));
        }
        sealed::unwrap(&self.outer, ledger, complaint, wrapped).map_err(|error| VaultError(error.to_string()))
    }
}

/// There is no rotation here.
const EPOCH: u32 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_comes_back_only_for_its_ledger_and_epoch() {
        let (here, there) = (LedgerId::new("mojokerto").unwrap(), LedgerId::new("kediri").unwrap());
        let complaint = ComplaintId(uuid::Uuid::from_u128(1));
        let vault = MemoryVault::new([7; 32]);
        let key = ComplaintKey::from_seed(&[1; 32]);
        let wrapped = vault.wrap(&here, complaint, &key, &[2; 32]).await.unwrap();
        assert_eq!(vault.unwrap(&here, complaint, &wrapped).await.unwrap().expose(), key.expose());
        assert!(vault.unwrap(&there, complaint, &wrapped).await.is_err());
        assert!(vault.unwrap(&here, complaint, &WrappedKey { epoch: 2, ..wrapped }).await.is_err());
        assert_ne!(vault.ledger_secret(&here).await, vault.ledger_secret(&there).await);
    }
}
