//! Bytes that are cut short or altered.

use crate::dice::Dice;

/// The same bytes, ending early.
pub(super) fn cut(mut bytes: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    bytes.truncate(dice.below(bytes.len()));
    bytes
}

/// The same bytes with one bit, or one byte, another one.
pub(super) fn alter(mut bytes: Vec<u8>, dice: &mut Dice) -> Vec<u8> {
    let at = dice.below(bytes.len());
    let by = if dice.chance(500) { 1 << dice.below(8) } else { 1 + dice.below(255) };
    if let (Some(byte), Ok(by)) = (bytes.get_mut(at), u8::try_from(by)) {
        *byte ^= by;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_bytes_are_never_the_same_bytes() {
        let mut dice = Dice::new(1);
        for len in 1..200_usize {
            let bytes: Vec<u8> = (0..len).map(|at| u8::try_from(at).unwrap()).collect();
            assert!(cut(bytes.clone(), &mut dice).len() < len);
            let altered = alter(bytes.clone(), &mut dice);
            assert_eq!(altered.iter().zip(&bytes).filter(|(one, two)| one != two).count(), 1);
        }
    }
}
