"""Tables, and their place in docs/PERFORMANCE.md."""

from stage import ROOT, Failed

PAGE = ROOT / "docs" / "PERFORMANCE.md"


class Table:
    def __init__(self, *heads):
        self.rows = [heads, ["---"] * len(heads)]

    def row(self, *cells):
        if len(cells) != len(self.rows[0]):
            raise Failed(f"a row of {len(cells)} cells under {len(self.rows[0])} heads: {cells}")
        self.rows.append(cells)

    def markdown(self):
        return "".join("| " + " | ".join(str(cell) for cell in row) + " |\n" for row in self.rows)


def write(name, text):
    """Puts what was measured between the marks of that name."""
    page = PAGE.read_text()
    begin, end = f"<!-- bench {name} -->\n", f"<!-- end {name} -->"
    if page.count(begin) != 1 or page.count(end) != 1:
        raise Failed(f"{PAGE} has no place for {name}: {begin.strip()} and {end}")
    head, rest = page.split(begin)
    PAGE.write_text(head + begin + text + end + rest.split(end)[1])
