//! The hashes that the names of ReplicaSets and revisions end in.

use std::hash::Hasher as _;

use serde::Serialize;
use serde_json::Value;

use crate::json::sorted;
use crate::registry::safe_encode;

/// The hash of something, told apart from others with the same hash by a count of collisions.
pub(super) fn hash(value: &impl Serialize, collisions: i32) -> String {
    let json = serde_json::to_vec(value).unwrap_or_default(); // objects can be written
    let mut hasher = fnv::FnvHasher::default();
    hasher.write(&json);
    hasher.write(&collisions.to_le_bytes());
    let folded = hasher.finish();
    // The 64 bits folded into 32, of which names are made.
    let number = (folded >> 32) ^ (folded & 0xffff_ffff);
    safe_encode(&number.to_string())
}

/// The hash of a revision's data, the same that a real controller gives it: 32 bits of FNV-1 over the data as Go writes it,
/// and the count of collisions as text.
pub(super) fn revision_hash(data: &Value, collisions: i32) -> String {
    // Go escapes what could be read as HTML.
    let text = sorted(data).to_string();
    let text = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let bytes = text.bytes().chain(collisions.to_string().into_bytes());
    let number = bytes.fold(0x811c_9dc5_u32, |hash, byte| hash.wrapping_mul(0x0100_0193) ^ u32::from(byte));
    safe_encode(&number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_things_when_hashed_then_equal_ones_have_equal_hashes_and_a_collision_changes_it() {
        assert_eq!(hash(&"a", 0), hash(&"a", 0));
        assert_ne!(hash(&"a", 0), hash(&"a", 1));
        assert_ne!(hash(&"a", 0), hash(&"b", 0));
        assert!(hash(&"a", 0).chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)));
    }
}
