//! Prints the bytecode of a script: `cargo run -p twinheap-python --example dis -- FILE.py…`. A tool for reading, not part of
//! the command.

fn main() -> std::process::ExitCode {
    let mut status = std::process::ExitCode::SUCCESS;
    for name in std::env::args().skip(1) {
        let result = std::fs::read(&name)
            .map_err(|e| format!("{name}: {e}"))
            .and_then(|text| twinheap_python::compile::compile_source(&text, &name).map_err(|e| e.to_string()));
        match result {
            Ok(code) => println!("{}", code.dis()),
            Err(e) => {
                eprintln!("{e}");
                status = std::process::ExitCode::FAILURE;
            }
        }
    }
    status
}
