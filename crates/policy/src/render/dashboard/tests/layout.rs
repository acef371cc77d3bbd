//! Where panels stand, as text: no two of them on one spot, and no spot of a line empty.

use super::*;

/// A grid: a letter for each panel in each column and line.
fn drawn(panels: &[Value]) -> Vec<String> {
    let mut lines: Vec<Vec<char>> = Vec::new();
    for (at, panel) in panels.iter().enumerate() {
        let number = |key: &str| usize::try_from(panel["gridPos"][key].as_u64().unwrap()).unwrap();
        let (x, y, w, h) = (number("x"), number("y"), number("w"), number("h"));
        assert!(x + w <= 24 && w > 0 && h > 0, "{} is outside", panel["title"]);
        let letter = if panel["type"] == "row" { '=' } else { char::from(b'a' + u8::try_from(at % 26).unwrap()) };
        lines.resize(lines.len().max(y + h), vec![' '; 24]);
        for line in &mut lines[y..y + h] {
            for spot in &mut line[x..x + w] {
                assert_eq!(*spot, ' ', "{} stands on another panel", panel["title"]);
                *spot = letter;
            }
        }
    }
    lines.into_iter().map(|line| line.into_iter().collect()).collect()
}

#[test]
fn panels_do_not_overlap_and_leave_no_holes() {
    for (name, dashboard) in dashboards() {
        let mut grid = drawn(list(&dashboard["panels"]));
        for row in list(&dashboard["panels"]).iter().filter(|row| row["collapsed"] == true) {
            let top = usize::try_from(row["gridPos"]["y"].as_u64().unwrap()).unwrap();
            grid.extend(drawn(list(&row["panels"])).into_iter().skip(top + 1));
        }
        for line in &grid {
            assert!(!line.contains(' '), "{name} has a hole:\n{}", grid.join("\n"));
        }
    }
}

#[test]
fn a_line_is_filled_as_text_is() {
    let (_, dashboard) = dashboards().swap_remove(0);
    let grid = drawn(list(&dashboard["panels"]));
    let heading = "=".repeat(24);
    let first = ["bbbcccdddeeefffggghhhiii"; 4];
    assert_eq!(grid[0], heading);
    assert_eq!(grid[1..5], first);
    assert_eq!(grid[5], heading);
}
