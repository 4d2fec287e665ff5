//! The baselines beside the router: the table of `docs/BASELINES.md` is what `hopdrill baselines` prints, and every column of
//! it tells the routers apart. `UPDATE_DOCS=1 cargo test --test it baselines` writes it anew; the words around it are for a
//! person to write.

use std::process::{Command, Stdio};

fn is_row(line: &&str) -> bool {
    line.starts_with('|')
}

fn printed() -> String {
    let program = Command::new(env!("CARGO_BIN_EXE_hopdrill")).arg("baselines").stdin(Stdio::null()).output();
    let output = program.expect("starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().filter(is_row).map(|line| format!("{line}\n")).collect()
}

/// The page with another table.
fn with(page: &str, table: &str) -> String {
    let (before, rest) = page.split_at(page.find("\n|").map_or(page.len(), |at| at + 1));
    let after: String = rest.lines().skip_while(is_row).map(|line| format!("{line}\n")).collect();
    format!("{before}{table}{after}")
}

/// What the last rows say of a router, over all drills.
fn in_all<'t>(table: &'t str, router: &str) -> Vec<&'t str> {
    let cells = |line: &'t str| line.split('|').map(str::trim).collect::<Vec<_>>();
    let row = table.lines().map(cells).find(|cells| cells[1] == "all of them" && cells[2] == router);
    row.expect("a row over all drills")[3..10].to_vec()
}

fn number(cell: &str) -> f64 {
    cell.trim_end_matches(['%', 's']).parse().expect("a number")
}

#[test]
fn the_recorded_table_is_what_the_command_prints_and_every_column_tells_the_routers_apart() {
    let table = printed();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/BASELINES.md");
    let page = std::fs::read_to_string(path).expect("there");
    let wanted = with(&page, &table);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &wanted).expect("written");
    } else {
        assert!(page == wanted, "docs/BASELINES.md is out of date: UPDATE_DOCS=1 cargo test --test it baselines");
    }
    let [naive, textbook, full] =
        ["naive", "textbook", "full"].map(|router| in_all(&table, router).into_iter().map(number).collect::<Vec<_>>());
    let [availability, p99, amplification, wasted, off_schema, half, rerouted] = [0, 1, 2, 3, 4, 5, 6];
    for baseline in [&naive, &textbook] {
        assert!(baseline[availability] < full[availability] && baseline[p99] > full[p99], "{table}");
        assert!(baseline[amplification] > full[amplification], "{table}");
        assert!(baseline[off_schema] > 0.0 && baseline[rerouted] > 0.0, "{table}");
    }
    assert!(naive[half] > 0.0 && textbook[wasted] > full[wasted], "{table}");
    assert_eq!(full[off_schema..].iter().sum::<f64>(), 0.0, "{table}");
}
