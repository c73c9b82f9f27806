//! The wire format of protobuf, as far as it is read without a schema: numbered fields, each with its content. A library
//! would want types made for each message; here they are known at run time only.

use thiserror::Error;

/// The bytes are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// They end within a field.
    #[error("the message is cut off")]
    Truncated,
    /// A number of more than 64 bits.
    #[error("a number of the message is too long")]
    TooLong,
    /// A form of content that there is not, or no longer (groups).
    #[error("a field of the message has the wire type {0}, which is not read")]
    WireType(u8),
    /// A field's number that cannot be.
    #[error("a field of the message has the number {0}, which no field has")]
    Number(u64),
}

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content<'a> {
    /// A number of any length.
    Varint(u64),
    /// A number of 64 bits.
    Fixed64(u64),
    /// A number of 32 bits.
    Fixed32(u32),
    /// A text, a message, or several numbers.
    Bytes(&'a [u8]),
}

/// The fields of a message, in the order in which they were written. Ends after the first error.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(super) const fn of(message: &'a [u8]) -> Self {
        Self(message)
    }

    fn field(&mut self) -> Result<(u32, Content<'a>), WireError> {
        let key = varint(&mut self.0)?;
        let number = u32::try_from(key >> 3).ok().filter(|number| (1..1 << 29).contains(number));
        let number = number.ok_or(WireError::Number(key >> 3))?;
        let content = match key & 7 {
            0 => Content::Varint(varint(&mut self.0)?),
            1 => Content::Fixed64(u64::from_le_bytes(self.array()?)),
            2 => {
                let length = usize::try_from(varint(&mut self.0)?).map_err(|_| WireError::Truncated)?;
                Content::Bytes(self.take(length)?)
            }
            5 => Content::Fixed32(u32::from_le_bytes(self.array()?)),
            #[allow(clippy::cast_possible_truncation, reason = "three bits")]
            other => return Err(WireError::WireType(other as u8)),
        };
        Ok((number, content))
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], WireError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], WireError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(WireError::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u32, Content<'a>), WireError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// Numbers that stand one after the other. Ends after the first error.
pub(super) fn packed(mut bytes: &[u8]) -> impl Iterator<Item = Result<u64, WireError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let number = varint(&mut bytes);
        if number.is_err() {
            bytes = &[];
        }
        Some(number)
    })
}

fn varint(bytes: &mut &[u8]) -> Result<u64, WireError> {
    let mut number = 0;
    for at in 0..10 {
        let (first, rest) = bytes.split_first().ok_or(WireError::Truncated)?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << (7 * at);
        if first & 0x80 == 0 {
            return if at == 9 && *first > 1 { Err(WireError::TooLong) } else { Ok(number) };
        }
    }
    Err(WireError::TooLong)
}
