//! The CLIENT LIST reply.
