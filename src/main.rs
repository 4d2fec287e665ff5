//! The command line program. Everything it does is in the library; here the arguments become one call.

use std::process::ExitCode;

fn main() -> ExitCode {
    hopdrill::cli::main()
}
