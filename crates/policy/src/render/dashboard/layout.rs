//! Where panels stand: from left to right, line by line, as text does.

use super::json::{Json, object};
use super::spec::{Kind, Row};

/// Columns of the grid.
const COLUMNS: u32 = 24;

/// A place on the grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    h: u32,
    w: u32,
    x: u32,
    y: u32,
}

impl From<Place> for Json {
    fn from(Place { h, w, x, y }: Place) -> Self {
        object! { "h": h, "w": w, "x": x, "y": y }
    }
}

/// The heading's place and those of the panels of a row that begins at line `top`; and the first line under it. Panels of a
/// folded row have the places that they take when it is opened.
pub(super) fn place(row: &Row, top: u32) -> (Place, Vec<Place>, u32) {
    let heading = Place { h: 1, w: COLUMNS, x: 0, y: top };
    let mut places: Vec<Place> = Vec::new();
    let (mut x, mut y, mut height) = (0, top + 1, 0);
    for panel in &row.panels {
        let (w, h) = (panel.width.min(COLUMNS), panel.height);
        if x + w > COLUMNS {
            fill(row, &mut places);
            (x, y, height) = (0, y + height, 0);
        }
        places.push(Place { h, w, x, y });
        x += w;
        height = height.max(h);
    }
    fill(row, &mut places);
    (heading, places, if row.is_folded { top + 1 } else { y + height })
}

/// The last panel of a line takes the room that is left, unless it is a tile.
fn fill(row: &Row, places: &mut [Place]) {
    let Some(at) = places.len().checked_sub(1) else { return };
    if !matches!(row.panels[at].kind, Kind::Tile(_)) {
        places[at].w = COLUMNS - places[at].x;
    }
}
