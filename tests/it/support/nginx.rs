//! An nginx with one worker, as it is in Debian.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::port;
use super::process::Process;
use super::wait::{SOON, until};

/// It tells its connections at `/stub_status`, and is a login everywhere else. It ends when it is dropped.
pub(crate) struct Nginx {
    _process: Process,
    _dir: TempDir,
    pub(crate) address: SocketAddr,
}

impl Nginx {
    /// Starts one that takes so many connections at most, and waits until it listens.
    pub(crate) fn start(most: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (folder, address) = (dir.path().display(), SocketAddr::from((Ipv4Addr::LOCALHOST, port::free())));
        let conf = format!(
            "daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;\n\
             events {{ worker_connections {most}; }}\n\
             http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder};\n\
             fastcgi_temp_path {folder}; uwsgi_temp_path {folder}; scgi_temp_path {folder};\n\
             server {{ listen {address}; location = /stub_status {{ stub_status; }} location / {{ return 200 '<html>login</html>'; }} }} }}\n"
        );
        let file = dir.path().join("nginx.conf");
        std::fs::write(&file, conf).unwrap();
        let mut command = Command::new("nginx");
        let process = Process::spawn(command.arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()));
        until(SOON, "nginx listens", || TcpStream::connect(address).ok());
        Self { _process: process, _dir: dir, address }
    }

    /// The table of a target.
    pub(crate) fn table(&self, path: &str, more: &str) -> String {
        let address = self.address;
        format!("[[service]]\nname = \"web\"\nurl = \"http://{address}{path}\"\nprofile = \"nginx\"\n{more}")
    }
}
