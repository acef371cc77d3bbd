use clap::error::ErrorKind as ClapError;

use super::*;

#[test]
fn healthcheck_takes_the_addresses_that_run_takes() {
    for (addresses, first) in
        [("127.0.0.1:1,[::1]:2", "127.0.0.1:1"), ("[::1]:2,127.0.0.1:1", "[::1]:2"), ("127.0.0.1:3", "127.0.0.1:3")]
    {
        let option = format!("--web.listen-address={addresses}");
        Cli::try_parse_from(["manometer", "run", &option]).unwrap();
        let cli = Cli::try_parse_from(["manometer", "healthcheck", &option]).unwrap();
        let Command::Healthcheck { address } = cli.command else { panic!("{:?}", cli.command) };
        assert_eq!(address, first.parse().unwrap());
    }
    let error = Cli::try_parse_from(["manometer", "healthcheck", "--web.listen-address=localhost"]).unwrap_err();
    assert_eq!(error.kind(), ClapError::ValueValidation);
}
