//! When boards changed, in few bytes: how many milliseconds each came after the one before.

use topology::Timestamp;

/// Packs times, which are in order, counted from `began`.
pub(super) fn pack(began: Timestamp, times: &[Timestamp]) -> Vec<u8> {
    let (mut packed, mut before) = (Vec::with_capacity(times.len() * 2), began);
    for at in times {
        let mut passed = u64::try_from(at.millis_since(before)).unwrap_or(0);
        while passed >= 0x80 {
            packed.push(u8::try_from(passed & 0x7f).unwrap_or_default() | 0x80);
            passed >>= 7;
        }
        packed.push(u8::try_from(passed).unwrap_or_default());
        before = *at;
    }
    packed
}

/// The times that were packed; what is damaged ends them.
pub(super) fn unpack(began: Timestamp, packed: &[u8]) -> Vec<Timestamp> {
    let (mut times, mut at, mut passed, mut shift) = (Vec::new(), began.as_millis(), 0_i64, 0_u32);
    for byte in packed {
        if shift > 56 {
            break;
        }
        passed |= i64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            at = at.saturating_add(passed);
            times.push(Timestamp::from_millis(at));
            (passed, shift) = (0, 0);
        } else {
            shift += 7;
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_times_when_packed_then_they_are_read_back_and_short() {
        let began = Timestamp::from_millis(1_700_000_000_000);
        let times: Vec<_> = [0, 0, 1, 127, 128, 20_000, 9_000_000_000]
            .map(|after| Timestamp::from_millis(began.as_millis() + after))
            .into();
        let packed = pack(began, &times);
        assert_eq!(unpack(began, &packed), times);
        assert!(packed.len() < times.len() * 3, "{packed:?}");
        for length in 0..packed.len() {
            let found = unpack(began, &packed[..length]);
            assert_eq!(found, times[..found.len()]);
        }
        assert!(unpack(began, &[0xff; 64]).is_empty());
    }
}
