//! Ids of panels: they stand in links and in people's bookmarks, so they stay what they are when panels come and go.

/// Ids have at most six digits.
const IDS: u32 = 1_000_000;

/// The id of a panel (or of a heading), of the dashboard's name and its own.
pub(super) const fn of(board: &str, slug: &str) -> u32 {
    // FNV-1a.
    let hash = eat(0x811c_9dc5, board.as_bytes());
    let hash = eat(eat(hash, b"."), slug.as_bytes());
    // 0 is no id.
    hash % (IDS - 1) + 1
}

const fn eat(mut hash: u32, bytes: &[u8]) -> u32 {
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u32).wrapping_mul(0x0100_0193);
        at += 1;
    }
    hash
}
