//! Where panels stand: from left to right, line by line, as text does.

use super::model::GridPos;
use super::spec::{Kind, Row};

/// Columns of the grid.
pub(super) const COLUMNS: u32 = 24;

/// The heading's place and those of the panels of a row that begins at line `top`; and the first line under it.
pub(super) fn place(row: &Row, top: u32) -> (GridPos, Vec<GridPos>, u32) {
    let heading = GridPos { h: 1, w: COLUMNS, x: 0, y: top };
    let mut places: Vec<GridPos> = Vec::new();
    let (mut x, mut y, mut height) = (0, top + 1, 0);
    for panel in &row.panels {
        let (w, h) = (panel.width.min(COLUMNS), panel.height);
        if x + w > COLUMNS {
            fill(row, &mut places);
            (x, y, height) = (0, y + height, 0);
        }
        places.push(GridPos { h, w, x, y });
        x += w;
        height = height.max(h);
    }
    fill(row, &mut places);
    (heading, places, y + height)
}

/// The last panel of a line takes the room that is left, unless it is a tile.
fn fill(row: &Row, places: &mut [GridPos]) {
    let Some(at) = places.len().checked_sub(1) else { return };
    if !matches!(row.panels[at].kind, Kind::Tile(_)) {
        places[at].w = COLUMNS - places[at].x;
    }
}
