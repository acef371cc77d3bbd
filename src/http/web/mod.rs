//! The exporter-toolkit web configuration: TLS and basic auth of the server.
