//! The library is embedded when the program is built; a new scenario must make it build again.

fn main() {
    // The one line cargo reads.
    let mut out = std::io::stdout();
    let _ = std::io::Write::write_all(&mut out, b"cargo:rerun-if-changed=scenarios\n");
}
